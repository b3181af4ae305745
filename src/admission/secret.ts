/** The certificate as it is kept in a Secret, which all replicas share. Pure. */
import { isObject, type JsonObject } from "../config/section.ts";
import type { KeyPair } from "./certificate.ts";

/** As those of a Secret of type kubernetes.io/tls, whose chart could not leave them empty. */
const keys = { certificate: "tls.crt", key: "tls.key", authority: "ca.crt" } as const;

const decoded = (value: unknown): string =>
  typeof value === "string" ? Buffer.from(value, "base64").toString() : "";
const encoded = (text: string): string => Buffer.from(text).toString("base64");

/** null where nothing is kept in it yet. What is half there is not left out: it cannot be served, and is told. */
export function keptIn(secret: JsonObject): KeyPair | null {
  const data = isObject(secret.data) ? secret.data : {};
  if (Object.values(keys).every((name) => data[name] === undefined)) return null;
  return {
    certificate: decoded(data[keys.certificate]),
    key: decoded(data[keys.key]),
    authority: decoded(data[keys.authority]),
  };
}

/** A merge patch, which the API server refuses (409) where the Secret is not of this version any more. */
export const keeping = (kept: KeyPair, resourceVersion: string): JsonObject => ({
  metadata: { resourceVersion },
  data: {
    [keys.certificate]: encoded(kept.certificate),
    [keys.key]: encoded(kept.key),
    [keys.authority]: encoded(kept.authority),
  },
});
