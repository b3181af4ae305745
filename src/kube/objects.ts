/** What every object of the API has, read from what came. Pure. */

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface Meta {
  uid: string;
  name: string;
  /** "" for what belongs to no namespace. */
  namespace: string;
  resourceVersion: string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** null means that it is none: an object has at least a name and a uid. */
export function metaOf(object: unknown): Meta | null {
  if (!isObject(object) || !isObject(object.metadata)) return null;
  const { uid, name, namespace, resourceVersion } = object.metadata;
  if (text(uid) === "" || text(name) === "") return null;
  return {
    uid: text(uid),
    name: text(name),
    namespace: text(namespace),
    resourceVersion: text(resourceVersion),
  };
}

/** The entries of an object that are texts. */
export function textsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

/** Versions are opaque, but they can be compared where they are whole numbers, which they are since 1.35. */
export function isOlder(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return BigInt(version) < BigInt(than);
}
