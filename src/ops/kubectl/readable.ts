/**
 * What comes from a node is shown on a terminal: whoever speaks there in an agent's place must not be able to move its
 * cursor. Pure.
 */

/** Control characters but for the ends of lines, and those that turn the direction of what stands around them. */
const unreadable = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The same value, with all texts in it readable. */
export function readable<T>(value: T): T;
export function readable(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(unreadable, "\ufffd");
  if (Array.isArray(value)) return value.map((each) => readable(each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [readable(key), readable(each)]),
  );
}
