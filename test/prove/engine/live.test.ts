import { describe, expect, test } from "bun:test";
import {
  type Figures,
  makeLive,
  p99SoFar,
  promisedPod,
  rateSoFar,
} from "../../../src/prove/engine/live.ts";
import { neighbour } from "../../../src/prove/scenarios/neighbour.ts";

const nothing: Figures = { rateBits: null, p99Us: null };

test("what is known of one phase stays while the next does not measure it", () => {
  const live = makeLive("steady");
  expect(live.text()).toBe("");
  let now = nothing;
  live.watch("fairway", () => now);
  expect(live.text()).toBe("");
  now = { rateBits: null, p99Us: 90 };
  expect(live.text()).toBe("steady p99 90 us");
  live.watch("fairway", () => ({ rateBits: 194.2e6, p99Us: null }));
  expect(live.text()).toBe("steady 194 Mbit/s, p99 90 us");
  live.watch("noQos", () => ({ rateBits: 66.14e6, p99Us: 15_100 }));
  expect(live.text()).toBe("steady 194 Mbit/s, p99 90 us · without 66.1 Mbit/s, p99 15.1 ms");
  live.watch("noQos", () => nothing);
  expect(live.text()).toEndWith("without 66.1 Mbit/s, p99 15.1 ms");
});

describe("the rate of the last second", () => {
  const counts = (bits: number, seconds: number) =>
    Array.from({ length: seconds * 20 + 1 }, (_, i) => ({ atMs: i * 50, bytes: (bits / 160) * i }));
  test.each([
    ["of no load", [], null],
    ["of a load without counts", [[]], null],
    ["of one count", [[{ atMs: 0, bytes: 7 }]], null],
    ["of less than a second", [counts(8e6, 0.5)], 8e6],
    ["of two loads", [counts(8e6, 3), counts(4e6, 3)], 12e6],
  ] as const)("%s", (_title, loads, wanted) => {
    expect(rateSoFar(loads)).toBe(wanted);
  });

  test("what came before it does not count", () => {
    const early = [
      { atMs: 0, bytes: 0 },
      { atMs: 1_000, bytes: 1e9 },
    ];
    const late = [
      { atMs: 1_500, bytes: 1e9 + 5e5 },
      { atMs: 2_000, bytes: 1e9 + 1e6 },
    ];
    expect(rateSoFar([[...early, ...late]])).toBe(8e6);
  });
});

describe("the 99th percentile so far", () => {
  const trips = Array.from({ length: 200 }, (_, i): [number, number, number] => [i, i + 1, 0]);
  test("of all", () => expect(p99SoFar(trips, 0)).toBe(198));
  test("without the warm-up", () => expect(p99SoFar(trips, 100)).toBe(199));
  test("of too few: not yet", () => expect(p99SoFar(trips, 150)).toBeNull());
});

test("the promised pod of the main job is steady", () => {
  expect(promisedPod(neighbour(500e6, 4))).toBe("steady");
  expect(promisedPod({ ...neighbour(500e6, 4), pods: [{ name: "a", asks: {} }] })).toBeNull();
});
