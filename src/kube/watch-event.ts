/** One line of a watch. Pure. */
import { messageOf } from "../errors.ts";
import { KubeError } from "./kube-error.ts";
import { isObject, type Json } from "./objects.ts";

export type WatchEvent =
  | { type: "changed" | "deleted"; object: Json }
  /** Nothing has changed up to this version. */
  | { type: "bookmark"; resourceVersion: string };

const versionOf = ({ metadata }: Json): string =>
  isObject(metadata) && typeof metadata.resourceVersion === "string"
    ? metadata.resourceVersion
    : "";

/** Throws KubeError for what is no event, and for the error that an event tells. */
export function parseEvent(line: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new KubeError(null, "Malformed", `an event of a watch is no JSON: ${messageOf(error)}`);
  }
  if (!isObject(event) || !isObject(event.object))
    throw new KubeError(null, "Malformed", "an event of a watch has no object");
  const { type, object } = event;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { type: "changed", object };
    case "DELETED":
      return { type: "deleted", object };
    case "BOOKMARK":
      return { type: "bookmark", resourceVersion: versionOf(object) };
    case "ERROR": {
      const { code, reason, message } = object;
      const status = typeof code === "number" ? code : null;
      throw new KubeError(status, String(reason ?? ""), String(message ?? "the watch failed"));
    }
    default:
      throw new KubeError(null, "Malformed", `a watch has an event of type ${String(type)}`);
  }
}
