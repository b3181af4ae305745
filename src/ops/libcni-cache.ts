/**
 * What libcni keeps of ADDs: a file for each attachment, which is written when the whole chain has succeeded and is
 * removed by its DEL (libcni/api.go, cachedInfo).
 */
import { isObject, type JsonObject } from "../config/section.ts";
import { FairwayError } from "../errors.ts";

/** libcni keeps it there unless a runtime says otherwise. */
export const defaultCacheDir = "/var/lib/cni/results";

export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

/**
 * The record that a file holds. Throws decode, and what JSON.parse throws. Before libcni 0.7 the file held the
 * result alone. Such a runtime is older than any that we know.
 */
export function recordIn(text: string): JsonObject {
  const cached: unknown = JSON.parse(text);
  if (!isObject(cached)) throw new FairwayError("decode", "it holds no JSON object");
  if (cached.kind !== "cniCacheV1")
    throw new FairwayError("decode", `it is of kind ${JSON.stringify(cached.kind)}`);
  return cached;
}

/** CNI_ARGS, as they were given. */
export function argsIn({ cniArgs }: JsonObject): Record<string, string> {
  const pairs = Array.isArray(cniArgs) ? cniArgs.filter(Array.isArray) : [];
  return Object.fromEntries(pairs.map(([key, text]) => [String(key), String(text)]));
}

/** libcni passes on what the plugin declares, and nothing else of what the runtime offers. */
export function declaredBy(plugin: JsonObject, offered: JsonObject): JsonObject {
  const capabilities = objectOf(plugin.capabilities);
  return Object.fromEntries(
    Object.entries(offered).filter(([name]) => capabilities[name] === true),
  );
}
