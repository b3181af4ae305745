import { expect, test } from "bun:test";
import { ownTableOf } from "./own-tables.ts";
import { driftNames } from "./parts/drift.ts";
import type { PartRun, Series } from "./result.ts";

const runOf = (series: Series[]): PartRun => ({
  startedAtMs: 0,
  tookSeconds: 1,
  build: "b",
  series,
  notes: [],
});

const ms = (what: string, side: string, values: number[]): Series => ({
  what,
  side,
  unit: "ms",
  values,
});

test("drift: a row for each, with its way", () => {
  const side = "bridge: it is there: the kernel tells";
  const found = ownTableOf(
    "k-node",
    runOf([
      ms(driftNames.noticed, side, [5, 6, 10]),
      ms(driftNames.repaired, side, [300, 250, 400]),
      ms(driftNames.slowest, driftNames.all, [400]),
    ]),
  );
  expect(found?.split("\n").slice(2)).toEqual([
    "| bridge: it is there | the kernel tells | 6.0 ms | 300.0 ms | 400.0 ms | 3 |",
  ]);
});

test("what was not measured, and what is set beside another side, has none", () => {
  expect(ownTableOf("k-node", runOf([]))).toBe(null);
  expect(ownTableOf("a", runOf([ms("ADD", "Fairway", [1])]))).toBe(null);
});
