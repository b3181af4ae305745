import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  admitLatency,
  boundsOf,
  boundUs,
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
      others.map((o) => ({ ...one, ...o })),
    );
    expect(bound).toBeCloseTo(wanted, 6);
  });
});

const classes = fc.record({
  holder: fc.string({ minLength: 8, maxLength: 12 }),
  guaranteeBits: fc.integer({ min: 8_000, max: 400e6 }),
  unitBytes: fc.integer({ min: 1_514, max: 65_536 }),
  targetUs: fc.integer({ min: 50, max: 1_000_000 }),
});

describe("admission of targets", () => {
  test("whatever was admitted keeps every target, whoever came before and after", () => {
    fc.assert(
      fc.property(fc.array(classes, { maxLength: 12 }), (asks) => {
        const admitted: LatencyClass[] = [];
        for (const ask of asks) {
          const decision = admitLatency(gigabit, ask, admitted, null);
          if (decision.ok) admitted.push(decision.own.latencyClass);
        }
        for (const { boundUs: bound, latencyClass } of boundsOf(gigabit, admitted))
          expect(bound).toBeLessThanOrEqual(latencyClass.targetUs);
      }),
      { numRuns: 1000 },
    );
  });

  test("a refusal's smallest target is admitted, and one microsecond less is not", () => {
    fc.assert(
      fc.property(classes, fc.array(classes, { maxLength: 4 }), (ask, before) => {
        const held: LatencyClass[] = [];
        for (const b of before) {
          const decision = admitLatency(gigabit, b, held, null);
          if (decision.ok) held.push(decision.own.latencyClass);
        }
        const decision = admitLatency(gigabit, ask, held, null);
        if (decision.ok || decision.smallestUs === null || !Number.isFinite(decision.smallestUs))
          return;
        const at = (targetUs: number) => admitLatency(gigabit, { ...ask, targetUs }, held, null).ok;
        expect(at(decision.smallestUs)).toBe(true);
        expect(at(decision.smallestUs - 1)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("the burst is the largest up to its target's time that fits, and a pod's own word is taken as it is", () => {
    const asked = { holder: "a", guaranteeBits: 100e6, unitBytes: 1_514, targetUs: 1000 };
    const generous = admitLatency(gigabit, asked, [], null);
    expect(generous).toMatchObject({ ok: true, own: { latencyClass: { burstBytes: 12_500 } } });
    // 300 us are the path's; what is left of 310 is 10 us at 1 Gbit/s: 1,250 bytes, less than a unit.
    expect(admitLatency(gigabit, { ...asked, targetUs: 310 }, [], null)).toMatchObject({
      ok: false,
      smallestUs: 313,
    });
    const tight = admitLatency(gigabit, { ...asked, targetUs: 340 }, [], null);
    expect(tight).toMatchObject({ ok: true, own: { latencyClass: { burstBytes: 1_514 } } });
    expect(admitLatency(gigabit, asked, [], 90_000)).toMatchObject({ ok: false, smallestUs: 1020 });
  });
});
