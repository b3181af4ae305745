import { expect, test } from "bun:test";
import { Known } from "../../src/kube/known.ts";

const pod = (name: string, uid: string, version: number, note = "") => ({
  metadata: { name, namespace: "shop", uid, resourceVersion: String(version) },
  note,
});

const known = () => new Known((object, { uid }) => `${uid} ${String(object.note)}`.trim());

test("a list, and what comes after it", () => {
  const set = known();
  set.replace([pod("a", "1", 5), pod("b", "2", 6), { metadata: {} }, null]);
  expect(set.values).toEqual(["1", "2"]);
  expect(set.take({ type: "changed", object: pod("a", "1", 7, "new") })).toBe(true);
  expect(set.take({ type: "deleted", object: pod("b", "2", 8) })).toBe(true);
  expect(set.take({ type: "bookmark", resourceVersion: "9" })).toBe(false);
  expect(set.values).toEqual(["1 new"]);
});

test("what is repeated, or comes late, changes nothing", () => {
  const set = known();
  set.replace([pod("a", "1", 7, "new")]);
  expect(set.take({ type: "changed", object: pod("a", "1", 5, "old") })).toBe(false);
  expect(set.take({ type: "deleted", object: pod("b", "9", 8) })).toBe(false);
  expect(set.values).toEqual(["1 new"]);
});

test("a pod that was made anew under its name takes the place of the one before", () => {
  const set = known();
  set.replace([pod("a", "1", 5)]);
  // The deletion was lost.
  expect(set.take({ type: "changed", object: pod("a", "2", 9) })).toBe(true);
  expect(set.values).toEqual(["2"]);
  // It comes late.
  expect(set.take({ type: "deleted", object: pod("a", "1", 8) })).toBe(false);
  expect(set.take({ type: "changed", object: pod("a", "1", 6) })).toBe(false);
  expect(set.values).toEqual(["2"]);
});

test("a whole list forgets what is not in it", () => {
  const set = known();
  set.replace([pod("a", "1", 5)]);
  set.replace([pod("b", "2", 3)]);
  expect(set.values).toEqual(["2"]);
});
