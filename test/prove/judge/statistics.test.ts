import { describe, expect, test } from "bun:test";
import {
  asFrames,
  bytesAt,
  latencyRun,
  percentile,
  rateBits,
  rateSeries,
  slices,
} from "../../../src/prove/judge/statistics.ts";

describe("percentile: nearest rank, the lost above all", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  test.each([
    ["nothing", [], 50, 0, null],
    ["one value is every percentile", [7], 99, 0, 7],
    ["the median of two is the lower", [1, 2], 50, 0, 1],
    ["p50 of 1..100", hundred, 50, 0, 50],
    ["p99 of 1..100", hundred, 99, 0, 99],
    ["p100 of 1..100", hundred, 100, 0, 100],
    ["p0 is the least", hundred, 0, 0, 1],
    ["the lost push the median up", [1, 2, 3, 4], 50, 2, 3],
    ["p99 among the lost", hundred, 99, 2, null],
    ["p50 with half lost is the slowest answer", [1, 2], 50, 2, 2],
    ["p50 with more than half lost", [1, 2], 50, 3, null],
  ] as const)("%s", (_title, sorted, percent, lost, wanted) => {
    expect(percentile(sorted, percent, lost)).toBe(wanted);
  });
});

const counts = [
  { atMs: 1000, bytes: 0 },
  { atMs: 1100, bytes: 1000 },
  { atMs: 1300, bytes: 1000 },
  { atMs: 1400, bytes: 5000 },
];

describe("bytesAt: a running total between its counts", () => {
  test.each([
    ["before the first", 900, 0],
    ["at a count", 1100, 1000],
    ["between two", 1050, 500],
    ["while nothing came", 1200, 1000],
    ["a quarter of the way", 1325, 2000],
    ["after the last", 2000, 5000],
  ] as const)("%s", (_title, atMs, wanted) => {
    expect(bytesAt(counts, atMs)).toBe(wanted);
  });
  test("without counts", () => expect(bytesAt([], 1)).toBe(0));
});

test("a rate is bits per second of the window", () => {
  expect(rateBits(counts, { fromMs: 1000, toMs: 1400 })).toBe((5000 * 8) / 0.4);
});

test("TCP payload in Ethernet frames: a full segment of 1448 bytes is a frame of 1514", () => {
  expect(asFrames(1448)).toBe(1514);
});

test("slices cover the window, the last one short", () => {
  expect(slices({ fromMs: 10, toMs: 35 }, 10)).toEqual([
    { fromMs: 10, toMs: 20 },
    { fromMs: 20, toMs: 30 },
    { fromMs: 30, toMs: 35 },
  ]);
});

test("a series has the rate of each moment, since the window's start", () => {
  expect(rateSeries(counts, { fromMs: 1000, toMs: 1200 }, 100)).toEqual([
    { atMs: 0, bits: 80_000 },
    { atMs: 100, bits: 0 },
  ]);
});

describe("latencyRun", () => {
  const window = { fromMs: 1000, toMs: 1300 };
  const trips = [
    [999, 9999, 9999],
    [1000, 30, 130],
    [1010, 10.04, 110],
    [1020, 20, 120],
    [1110, 50, 150],
    [1300, 9999, 9999],
  ] as const;
  const run = latencyRun({ due: 8, sent: 7, trips, lostAtMs: [1120, 1500] }, window, 100);

  test("counts what was sent inside the window, in order", () => {
    expect(run).toMatchObject({ requests: 5, lost: 1, minUs: 10, p50Us: 30, p99Us: null });
  });
  test("keeps what the processes saw apart", () => {
    expect(run.seenP50Us).toBe(130);
  });
  test("keeps the prober's own count of its pace", () => {
    expect(run).toMatchObject({ due: 8, sent: 7 });
  });
  test("has a point for each moment in which something was sent", () => {
    expect(run.series).toEqual([
      { atMs: 0, p50Us: 20, maxUs: 30, lost: 0 },
      { atMs: 100, p50Us: 50, maxUs: 50, lost: 1 },
    ]);
  });
  test("a moment in which all was lost is a point without latency", () => {
    const { series } = latencyRun({ due: 1, sent: 1, trips: [], lostAtMs: [1050] }, window, 100);
    expect(series).toEqual([{ atMs: 0, p50Us: null, maxUs: null, lost: 1 }]);
  });
});
