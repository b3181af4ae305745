import { describe, expect, test } from "bun:test";
import type { Seen } from "../../src/measure/counters.ts";
import { demandOf } from "../../src/measure/demand.ts";
import { looks, times } from "./support.ts";

/** 100 Mbit/s are 625,000 bytes in 50 ms. */
const guaranteeBits = 100e6;
const full = 625_000;

interface Case {
  title: string;
  rows: [number, number][];
  demand: number;
  judged: number;
  below: number;
}

const cases: Case[] = [
  { title: "idle", rows: times(21, [0, 0]), demand: 0, judged: 0, below: 0 },
  {
    title: "half the guarantee, nothing waits",
    rows: times(21, [full / 2, 0]),
    demand: 0,
    judged: 0,
    below: 0,
  },
  {
    title: "half of it, one look of two met a burst",
    rows: times(10, [
      [full / 2, 0],
      [full / 2, 9],
    ] as [number, number][]).flat(),
    demand: 0,
    judged: 0,
    below: 0,
  },
  {
    title: "half of it, two looks in a row met bursts",
    rows: [
      [0, 0],
      [full / 2, 9],
      [full / 2, 9],
      [full / 2, 0],
    ],
    demand: 0,
    judged: 0,
    below: 0,
  },
  {
    title: "all of it while packets wait",
    rows: times(21, [full, 9]),
    demand: 1,
    judged: 1,
    below: 0,
  },
  { title: "more than it", rows: times(21, [3 * full, 9]), demand: 1, judged: 1, below: 0 },
  {
    title: "4% less is tolerated",
    rows: times(21, [full * 0.96, 1]),
    demand: 1,
    judged: 1,
    below: 0,
  },
  {
    title: "half of it while packets wait",
    rows: times(21, [full / 2, 9]),
    demand: 1,
    judged: 1,
    below: 1,
  },
  {
    title: "nothing at all while packets wait",
    rows: times(21, [0, 9]),
    demand: 1,
    judged: 1,
    below: 1,
  },
  {
    title: "squeezed for the last quarter",
    rows: [
      ...times(16, [full, 9] as [number, number]),
      ...times(5, [full / 4, 9] as [number, number]),
    ],
    demand: 1,
    judged: 1,
    below: 0.25,
  },
  {
    title: "demand for half of the time, kept then",
    rows: [...times(11, [full, 9] as [number, number]), ...times(10, [0, 0] as [number, number])],
    demand: 0.5,
    judged: 0.5,
    below: 0,
  },
];

describe("demand", () => {
  test.each(cases.map((c) => [c.title, c] as const))("%s", (_, { rows, ...expected }) => {
    const found = demandOf(looks(rows) as Seen[], guaranteeBits);
    expect(found.demandSeconds).toBeCloseTo(expected.demand, 6);
    expect(found.judgedSeconds).toBeCloseTo(expected.judged, 6);
    expect(found.belowSeconds).toBeCloseTo(expected.below, 6);
  });
});

/** One 64 KiB unit a look at most: 5 Mbit/s are half a unit in 50 ms. */
function units(sent: number[]): Seen[] {
  const samples = looks(sent.map((n) => [n * 65536, 1])) as Seen[];
  for (const { counters } of samples) {
    counters.backlogBytes = 65536;
    counters.backlogPackets = 1;
  }
  return samples;
}

describe("units that are large beside the promise", () => {
  test("a look without a unit is not below it: rates are judged over several units", () => {
    const found = demandOf(units(times(20, [0, 1]).flat()), 5e6);
    expect(found.judgedSeconds).toBeGreaterThan(1);
    expect(found.belowSeconds).toBe(0);
  });
  test("a third of the rate is below it", () => {
    const found = demandOf(units(times(20, [0, 0, 0, 0, 0, 1]).flat()), 5e6);
    expect(found.belowSeconds).toBe(found.judgedSeconds);
    expect(found.judgedSeconds).toBeGreaterThan(1);
  });
  test("demand that is too short for four units is not judged", () => {
    const found = demandOf(units([0, 0, 1]), 5e6);
    expect(found).toEqual({ demandSeconds: 0.1, judgedSeconds: 0, belowSeconds: 0 });
  });
});
