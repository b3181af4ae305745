import { describe, expect, test } from "bun:test";
import { median, pairRatios, randomFrom, ratioOfMedians, spread } from "./statistics.ts";

test.each([
  ["nothing", [], Number.NaN],
  ["one", [7], 7],
  ["the middle of three, unsorted", [9, 1, 5], 5],
  ["between the two in the middle", [4, 1, 3, 2], 2.5],
] as const)("median: %s", (_title, values, wanted) => {
  expect(median(values)).toBe(wanted);
});

test("spread: the median between the quartiles", () => {
  expect(spread([8, 1, 7, 2, 6, 3, 5, 4])).toEqual({ value: 4.5, from: 2, to: 6 });
});

test("pairRatios: each round's own, as many as both have", () => {
  expect(pairRatios([2, 9, 1], [4, 3])).toEqual([0.5, 3]);
});

describe("ratioOfMedians", () => {
  test("of the same values it is 1 without any doubt", () => {
    expect(ratioOfMedians([3, 1, 2], [3, 1, 2])).toEqual({ value: 1, from: 1, to: 1 });
  });

  test("a round in which both were slow does not widen the interval", () => {
    const theirs = [10, 11, 50, 12, 10, 11, 60, 13, 12, 10];
    const ours = theirs.map((ms) => ms / 2);
    expect(ratioOfMedians(ours, theirs)).toEqual({ value: 0.5, from: 0.5, to: 0.5 });
  });

  test("the interval of scattered values holds the ratio, and is the same every time", () => {
    const random = randomFrom(7);
    const theirs = Array.from({ length: 40 }, () => 10 + random());
    const ours = Array.from({ length: 40 }, () => 8 + random());
    const found = ratioOfMedians(ours, theirs);
    expect(found.from).toBeLessThan(found.value);
    expect(found.to).toBeGreaterThan(found.value);
    expect(found.from).toBeGreaterThan(0.75);
    expect(found.to).toBeLessThan(0.87);
    expect(ratioOfMedians(ours, theirs)).toEqual(found);
  });
});

test("randomFrom: from 0 to below 1, and evenly", () => {
  const random = randomFrom(3);
  const values = Array.from({ length: 10_000 }, random);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  expect(mean).toBeCloseTo(0.5, 1);
});
