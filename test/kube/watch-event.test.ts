import { expect, test } from "bun:test";
import { isOutOfRange } from "../../src/kube/kube-error.ts";
import { parseEvent } from "../../src/kube/watch-event.ts";

const object = { metadata: { name: "a", uid: "1", resourceVersion: "7" } };
const line = (type: string, of: unknown = object): string => JSON.stringify({ type, object: of });

test.each(["ADDED", "MODIFIED"])("%s is a change", (type) => {
  expect(parseEvent(line(type))).toEqual({ type: "changed", object });
});

test("a deletion and a bookmark", () => {
  expect(parseEvent(line("DELETED"))).toEqual({ type: "deleted", object });
  expect(parseEvent(line("BOOKMARK"))).toEqual({ type: "bookmark", resourceVersion: "7" });
});

test("an expired version is told as an event of its own", () => {
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  let thrown: unknown;
  try {
    parseEvent(line("ERROR", gone));
  } catch (error) {
    thrown = error;
  }
  expect(isOutOfRange(thrown)).toBe(true);
});

test.each([
  ["no JSON", "{"],
  ["no object", '{"type":"ADDED"}'],
  ["an unknown type", line("SYNCED")],
  ["an error that says nothing", line("ERROR", {})],
])("%s is refused", (_, text) => {
  expect(() => parseEvent(text)).toThrow();
});
