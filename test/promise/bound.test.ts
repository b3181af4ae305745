import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  boundsOf,
  boundUs,
  companyOf,
  type EgressPath,
  type LatencyClass,
} from "../../src/promise/bound.ts";

const gigabit: EgressPath = {
  capacityBits: 1e9,
  wireBits: 1e9,
  tbfBurstBytes: 25_000,
  blocking: { bytes: 12_500, owner: "another pod's" },
};
const one: LatencyClass = {
  holder: "a",
  guaranteeBits: 100e6,
  burstBytes: 12_500,
  unitBytes: 10_000,
  targetUs: 1000,
};

describe("the bound", () => {
  // 12,500 bytes take 100 us at 1 Gbit/s; the TBF's 25,000 another 200.
  test.each<[string, Partial<EgressPath>, Partial<LatencyClass>, Partial<LatencyClass>[], number]>([
    ["alone: its own burst, one unit in front, the TBF's burst", {}, {}, [], 400],
    ["a faster wire drains the TBF's burst sooner", { wireBits: 2e9 }, {}, [], 300],
    ["a larger unit in front", { blocking: { bytes: 65_536, owner: "" } }, {}, [], 824.288],
    [
      "beside another: its burst and a unit of it, and less rate",
      {},
      {},
      [{ guaranteeBits: 500e6 }],
      960,
    ],
    ["a burst below its own unit: the debt at the guarantee", {}, { burstBytes: 5_000 }, [], 740],
    ["beside others that hold all", {}, {}, [{ guaranteeBits: 1e9 }], Number.POSITIVE_INFINITY],
  ])("%s", (_, path, own, others, wanted) => {
    const bound = boundUs(
      { ...gigabit, ...path },
      { ...one, ...own },
      companyOf(others.map((o) => ({ ...one, ...o }))),
    );
    expect(bound).toBeCloseTo(wanted, 6);
  });
});

test("all bounds of a set are those of each beside the rest, in whatever order the set comes", () => {
  const classes = fc.record({
    holder: fc.string(),
    guaranteeBits: fc.integer({ min: 8_000, max: 80e6 }),
    burstBytes: fc.integer({ min: 1, max: 1e6 }),
    unitBytes: fc.integer({ min: 1_514, max: 65_536 }),
    targetUs: fc.constant(1),
  });
  fc.assert(
    fc.property(fc.array(classes, { maxLength: 12 }), (set) => {
      const bounds = boundsOf(gigabit, set).map((b) => b.boundUs);
      expect(bounds).toEqual(
        set.map((own) => boundUs(gigabit, own, companyOf(set.filter((o) => o !== own)))),
      );
      expect(boundsOf(gigabit, set.toReversed()).map((b) => b.boundUs)).toEqual(
        bounds.toReversed(),
      );
    }),
  );
});
