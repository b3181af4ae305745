/** What comes back after it was repaired, by a clock that stands still. */
import { expect, test } from "bun:test";
import { fightsToTell, judge, type Matters, tried } from "../../src/agent/fights.ts";

const none: Matters = new Map();

/** Repaired at each of these times. */
const after = (timesMs: readonly number[], isMended = true): Matters =>
  timesMs.reduce((matters, atMs) => tried(matters, ["mtu"], isMended, atMs), none);

test("what is new is repaired at once", () => {
  expect(judge(none, ["mtu"], 5)).toEqual({ isDue: true, againMs: 5 });
});

test.each([
  [[0], 0],
  [[0, 500], 1_500],
  [[0, 500, 1_500], 3_500],
  [[0, 500, 1_500, 3_500], 7_500],
  [[0, 0, 0, 0, 0, 0, 0, 0], 60_000],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 60_000],
])("after repairs at %p it waits until %d", (timesMs, againMs) => {
  const matters = after(timesMs);
  expect(judge(matters, ["mtu"], againMs - 1)).toEqual({ isDue: false, againMs });
  expect(judge(matters, ["mtu"], againMs).isDue).toBe(true);
});

test("what waits does not keep anything else waiting", () => {
  expect(judge(after([0, 0, 0]), ["mtu", "arp"], 1).isDue).toBe(true);
});

test("a repair that was refused is tried ever more rarely, too, and is no fight", () => {
  const matters = after([0, 0, 0], false);
  expect(judge(matters, ["mtu"], 1_999).isDue).toBe(false);
  expect(fightsToTell(matters).fights).toEqual([]);
});

test("what comes back after a while is something new", () => {
  expect(after([0, 0, 0, 120_001]).get("mtu")?.times).toBe(1);
  expect(after([0, 0, 0, 120_000]).get("mtu")?.times).toBe(4);
  expect(tried(after([0]), ["arp"], true, 120_001).has("mtu")).toBe(false);
});

test("a fight is told at the third time, and once", () => {
  expect(fightsToTell(after([0, 1_000])).fights).toEqual([]);
  const { fights, matters } = fightsToTell(after([0, 1_000, 3_000]));
  expect(fights).toEqual([{ key: "mtu", times: 3, holdMs: 2_000 }]);
  expect(fightsToTell(tried(matters, ["mtu"], true, 7_000)).fights).toEqual([]);
});

test("a thing that is named twice counts once", () => {
  expect(tried(none, ["mtu", "mtu"], true, 0).get("mtu")?.times).toBe(1);
});
