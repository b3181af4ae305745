/** Does to an object what admission decided to do. Pure. */
import type { JsonObject } from "../config/section.ts";
import type { Operation } from "./mutate.ts";

const unescaped = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** A copy of the object, with the operations done. Each adds to something that is there (RFC 6902, RFC 6901). */
export function patched(object: JsonObject, operations: readonly Operation[]): JsonObject {
  const copy = structuredClone(object);
  for (const { path, value } of operations) {
    const parts = path.split("/").slice(1).map(unescaped);
    const last = parts.pop() ?? "";
    const at = parts.reduce<unknown>((of, part) => Reflect.get(of as object, part), copy);
    Reflect.set(at as object, last, structuredClone(value));
  }
  return copy;
}
