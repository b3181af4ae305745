import { describe, expect, test } from "bun:test";
import type { Count } from "../../../src/prove/engine/result.ts";
import type { Figure } from "../../../src/prove/engine/scenario.ts";
import {
  burstsAhead,
  figureOf,
  firstByteMs,
  jain,
  median,
  returnTimes,
} from "../../../src/prove/judge/figures.ts";

import { latencyOf, loadOf, phaseOf } from "../fixture.ts";

/** A running total that grows by these bytes in bins of 10 ms. */
function bins(...bytes: number[]): Count[] {
  let total = 0;
  return [0, ...bytes].map((each, i) => {
    total += each;
    return { atMs: i * 10, bytes: total };
  });
}

const nothing = { boundUs: {}, refused: {} };

describe("figures of one repetition", () => {
  const run = {
    loaded: phaseOf({
      loads: { a: loadOf(60e6), b: loadOf(40e6) },
      latency: { quick: latencyOf(150, 900) },
      classes: [
        { atMs: 0, bytes: { pod: { egress: 100, ingress: 0 } } },
        { atMs: 20, bytes: { pod: { egress: 1_090, ingress: 0 } } },
      ],
    }),
    counted: phaseOf({
      loads: { a: { ...loadOf(1), counts: bins(500, 500) } },
      classes: [
        { atMs: 0, bytes: { pod: { egress: 100, ingress: 0 } } },
        { atMs: 20, bytes: { pod: { egress: 1_090, ingress: 0 } } },
      ],
    }),
    idle: phaseOf({ latency: { quick: latencyOf(100, 400) } }),
  };
  const rows: [string, Figure, number | null][] = [
    [
      "a sum of rates, of a rate",
      { kind: "rate", phase: "loaded", loads: ["a", "b"], ofBits: 200e6 },
      0.5,
    ],
    ["less than a rate", { kind: "deviation", phase: "loaded", load: "a", ofBits: 80e6 }, -0.25],
    ["more than a rate", { kind: "deviation", phase: "loaded", load: "a", ofBits: 50e6 }, 0.2],
    ["the spread", { kind: "spread", phase: "loaded", loads: ["a", "b"] }, 1.5],
    ["a slowdown", { kind: "slowdown", pod: "quick", idle: "idle", loaded: "loaded" }, 1.5],
    [
      "a tail, of the bound",
      { kind: "withinBound", pod: "quick", idle: "idle", loaded: "loaded" },
      0.5,
    ],
    [
      "a tail without a bound",
      { kind: "withinBound", pod: "other", idle: "idle", loaded: "loaded" },
      null,
    ],
    [
      "what a class counted, of what arrived",
      { kind: "inClass", phase: "counted", pod: "pod", direction: "egress", loads: ["a"] },
      0.99,
    ],
  ];
  test.each(rows)("%s", (_title, figure, wanted) => {
    const found = figureOf(figure, run, { ...nothing, boundUs: { quick: 1000 } });
    if (wanted === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(wanted, 10);
  });

  test("what was not measured is an error, not a zero", () => {
    const figure: Figure = { kind: "deviation", phase: "loaded", load: "c", ofBits: 1 };
    expect(() => figureOf(figure, run, nothing)).toThrow("no load c");
  });
});

describe("Jain's index", () => {
  test.each([
    ["equal shares", [5, 5, 5], 1],
    ["one takes all of four", [8, 0, 0, 0], 0.25],
    ["two to one", [2, 1], 0.9],
    ["nothing at all", [0, 0], null],
  ] as const)("%s", (_title, rates, wanted) => expect(jain(rates)).toBe(wanted));
});

test.each([
  ["none", [], null],
  ["one", [3], 3],
  ["the upper of two", [1, 2], 2],
  ["infinity is the worst", [Number.POSITIVE_INFINITY, 1, 2], 2],
] as const)("median: %s", (_title, values, wanted) => expect(median(values)).toBe(wanted));

describe("the first moments of a limit", () => {
  // 8 Mbit/s are 1000 bytes a millisecond.
  const limit = { ofBits: 8e6, burstBytes: 5_000, ms: 20 };
  test.each([
    ["on the limit", bins(0, 10_000, 10_000), 0],
    ["one burst ahead", bins(0, 15_000, 10_000), 1],
    ["two bursts ahead", bins(0, 20_000, 10_000), 2],
    ["below the limit", bins(0, 1_000, 1_000), 0],
    ["nothing came", bins(0, 0), null],
  ])("%s", (_title, counts, wanted) => expect(burstsAhead(counts, limit)).toBe(wanted));

  test("they begin at the end of the last bin without a byte", () =>
    expect(firstByteMs(bins(0, 0, 5, 5))).toBe(20));
});

describe("until a returning owner has its rate", () => {
  // 8 Mbit/s are 10000 bytes in a bin.
  const full = 10_000;
  const rows: [string, Count[], number[], number[]][] = [
    ["at once", bins(0, full, full, full, full, 0), [5], [15]],
    ["after two slow bins", bins(0, 1_000, 1_000, full, full, full, 0), [5], [35]],
    [
      "a full bin that the next ones do not confirm does not count",
      bins(0, full, 1_000, 1_000, full, full, full, 0),
      [5],
      [45],
    ],
    ["never", bins(0, 1_000, 1_000, 1_000, 1_000, 0), [5], [Number.POSITIVE_INFINITY]],
    [
      "nothing comes, and a later try shows that time passed",
      bins(0, 0, 0, 0, 0, 0, 0),
      [5, 35],
      [Number.POSITIVE_INFINITY],
    ],
    ["a last try that was cut off does not count", bins(0, full), [5], []],
  ];
  test.each(rows)("%s", (_title, counts, resumedAtMs, wanted) =>
    expect(returnTimes({ counts, resumedAtMs }, 1_000, 8e6)).toEqual(wanted),
  );
});
