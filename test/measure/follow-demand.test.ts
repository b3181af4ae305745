/** Demand judged look by look comes to what is judged of all looks at once. */
import { describe, expect, test } from "bun:test";
import type { Sample } from "../../src/measure/counters.ts";
import { followDemand, type Run } from "../../src/measure/follow-demand.ts";
import { counters, looks, times } from "./support.ts";

/** 100 Mbit/s are 3,125,000 bytes in 250 ms. */
const guaranteeBits = 100e6;
const full = 3_125_000;
const stepMs = 250;

function judged(samples: readonly Sample[], bits = guaranteeBits) {
  let run: Run = [];
  const sum = { demand: 0, below: 0 };
  for (const sample of samples) {
    const { run: next, settled } = followDemand(run, sample, bits);
    run = next;
    sum.demand += settled.demandSeconds;
    sum.below += settled.belowSeconds;
  }
  return sum;
}

const idle = times(4, [0, 0] as [number, number]);
const waiting = (n: number, bytes: number) => times(n, [bytes, 50] as [number, number]);

type Case = [title: string, rows: ([number, number] | null)[], demand: number, below: number];
const cases: Case[] = [
  ["idle", times(40, [0, 0]), 0, 0],
  ["sends, and nothing waits", times(40, [full / 2, 0]), 0, 0],
  ["ten seconds at the guarantee", [...idle, ...waiting(41, full), ...idle], 10, 0],
  ["ten seconds at half of it", [...idle, ...waiting(41, full / 2), ...idle], 10, 10],
  ["a burst that two looks meet", [...idle, ...waiting(2, full / 2), ...idle], 0, 0],
  ["one second of demand", [...idle, ...waiting(5, full / 2), ...idle], 1, 1],
  ["removed while packets wait", [...waiting(9, full / 2), null, ...idle], 2, 2],
  [
    "half of the time at half of it",
    [...waiting(41, full), ...idle, ...waiting(41, full / 2), ...idle],
    20,
    10,
  ],
];

describe("seconds with demand, and below the guarantee", () => {
  test.each(cases)("%s", (_, rows, demand, below) => {
    expect(judged(looks(rows, stepMs))).toEqual({ demand, below });
  });

  test("best effort has none", () => {
    expect(judged(looks(waiting(41, 0), stepMs), 0)).toEqual({ demand: 0, below: 0 });
  });

  test("nobody knows what was between looks that are far apart", () => {
    const samples = looks([...waiting(41, full / 2), ...idle], 4_000);
    expect(judged(samples)).toEqual({ demand: 0, below: 0 });
  });

  test("units that tell no rate within two seconds are waited for", () => {
    // 1 Mbit/s: four units of 64 KiB take two seconds and some.
    const at = (second: number, backlogBytes: number): Sample => ({
      atMs: second * 1_000,
      counters: counters({ bytes: second * 62_500, backlogBytes, backlogPackets: 1 }),
    });
    const samples = Array.from({ length: 11 }, (_, second) => at(second, second < 10 ? 65_536 : 0));
    const { demand, below } = judged(samples, 1e6);
    expect(demand).toBeGreaterThanOrEqual(6);
    expect(below).toBe(demand);
  });
});
