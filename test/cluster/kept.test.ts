import { expect, test } from "bun:test";
import { judged, noneMissed, type Verdict, verdictOf } from "../../src/cluster/kept.ts";
import type { Sample } from "../../src/measure/counters.ts";

/** Eight looks, a quarter of a second apart, at a class that sends so much while so much waits. */
const looksAt = (rateBits: number, backlogBytes: number, unitBytes = 1_500): Sample[] =>
  Array.from({ length: 8 }, (_, at) => ({
    atMs: at * 250,
    counters: {
      bytes: Math.round((rateBits / 8) * at * 0.25),
      packets: at * 10,
      drops: 0,
      backlogBytes,
      backlogPackets: Math.ceil(backlogBytes / unitBytes),
    },
  }));

test.each<[title: string, samples: Sample[], verdict: Verdict]>([
  ["what waits is sent at the guarantee", looksAt(50e6, 30_000), "kept"],
  ["what waits is sent more slowly", looksAt(30e6, 30_000), "below"],
  ["a little less is what timers do", looksAt(48e6, 30_000), "kept"],
  ["nothing waits", looksAt(1e6, 0), "idle"],
  ["too few units to tell a rate", looksAt(1e6, 10e6, 10e6), "idle"],
  ["there is no class", looksAt(1e6, 1).map(({ atMs }) => ({ atMs, counters: null })), "idle"],
])("%s", (_, samples, verdict) => {
  expect(verdictOf(samples, 50e6)).toBe(verdict);
});

/** Each step is a moment in seconds and a verdict; what is expected are the moments at which it is told. */
test.each<[title: string, steps: [number, Verdict][], told: number[]]>([
  [
    "it is told once it lasts",
    [
      [0, "below"],
      [30, "below"],
      [60, "below"],
      [90, "below"],
    ],
    [60],
  ],
  [
    "kept in between begins anew",
    [
      [0, "below"],
      [30, "kept"],
      [60, "below"],
      [120, "below"],
    ],
    [120],
  ],
  [
    "so does a time without demand",
    [
      [0, "below"],
      [30, "idle"],
      [60, "below"],
    ],
    [],
  ],
  [
    "after it was kept it is told again",
    [
      [0, "below"],
      [60, "below"],
      [70, "kept"],
      [80, "below"],
      [140, "below"],
    ],
    [60, 140],
  ],
])("a missed guarantee: %s", (_, steps, told) => {
  let missed = noneMissed;
  const found: number[] = [];
  for (const [second, verdict] of steps) {
    const outcome = judged(missed, new Map([["a egress", verdict]]), second * 1_000, 60_000);
    missed = outcome.missed;
    if (outcome.due.length > 0) found.push(second);
  }
  expect(found).toEqual(told);
});

test("a pod that is gone is forgotten", () => {
  const first = judged(noneMissed, new Map([["a egress", "below"]]), 0, 60_000);
  const gone = judged(first.missed, new Map(), 30_000, 60_000);
  const again = judged(gone.missed, new Map([["a egress", "below"]]), 61_000, 60_000);
  expect(again.due).toEqual([]);
});
