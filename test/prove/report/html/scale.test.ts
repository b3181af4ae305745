import { describe, expect, test } from "bun:test";
import {
  decades,
  decadeTicks,
  linearScale,
  linearTicks,
  logScale,
} from "../../../../src/prove/report/html/scale.ts";

test("a linear scale may run upwards on the page", () => {
  const y = linearScale(0, 100, 200, 0);
  expect([y(0), y(25), y(100)]).toEqual([200, 150, 0]);
});

test("a logarithmic scale gives each decade the same room, and what is below stands at its start", () => {
  const y = logScale(10, 1000, 0, 100);
  expect([y(10), y(100), y(1000), y(0)]).toEqual([0, 50, 100, 0]);
});

describe("decades around values", () => {
  test.each([
    ["nothing", [], 1, 10],
    ["within one", [20, 50], 10, 100],
    ["a power of ten alone still has room", [100], 100, 1000],
    ["several, zero ignored", [0, 36, 16_000], 10, 100_000],
  ] as const)("%s", (_title, values, from, to) => expect(decades(values)).toEqual({ from, to }));
});

test("ticks of decades carry units", () => {
  const labels = decadeTicks({ from: 10, to: 1e6 }).map(({ label }) => label);
  expect(labels).toEqual(["10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s"]);
});

describe("round ticks", () => {
  test.each([
    [4, [0, 1, 2, 3, 4]],
    [525, [0, 200, 400]],
    [60, [0, 20, 40, 60]],
  ] as const)("up to %p", (to, wanted) => expect(linearTicks(to)).toEqual([...wanted]));
});
