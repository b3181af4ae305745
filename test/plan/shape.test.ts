import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  maxDurationUs,
  maxRateBits,
  maxSizeBytes,
  minRateBits,
} from "../../src/config/quantities.ts";
import {
  type Direction,
  type DirectionPromise,
  directions,
  type PodPromise,
} from "../../src/plan/node.ts";
import {
  floorBits,
  hostPoliceShape,
  hostShape,
  largestBurstAtLimit,
  leafShape,
  podGsoMaxBytes,
  type RateShape,
  rootShape,
  tbfShape,
} from "../../src/plan/shape.ts";
import { bytesIn, largestBurstBytes, rateBytes, sameTicks } from "../../src/plan/units.ts";
import { hostRateBits } from "../../src/promise/capacity.ts";
import { bestEffort, promiseWith, trees } from "./samples.ts";

const largest32 = 2 ** 32 - 1;
const groBytes = 65_536;

/** Evenly over the powers of ten between the two. */
function rateBetween(min: number, max: number): fc.Arbitrary<number> {
  return fc
    .double({ min: Math.log10(min), max: Math.log10(max), noNaN: true })
    .map((power) => Math.min(max, Math.max(min, Math.round(10 ** power))));
}

/** All that a configuration may say, and more: the issue is 1 kbit/s .. 1 Tbit/s, the schema ends at 1 Pbit/s. */
const capacity = rateBetween(minRateBits, maxRateBits);

function directionPromise(): fc.Arbitrary<DirectionPromise> {
  return fc
    .tuple(
      fc.option(rateBetween(minRateBits, maxRateBits)),
      fc.option(rateBetween(minRateBits, maxRateBits)),
    )
    .chain(([guarantee, limit]) => {
      const guaranteeBits = guarantee ?? 0;
      const limitBits = limit === null ? null : Math.max(limit, guaranteeBits);
      const most = limitBits === null ? maxSizeBytes : largestBurstAtLimit(limitBits);
      return fc.record({
        guaranteeBits: fc.constant(guaranteeBits),
        limitBits: fc.constant(limitBits),
        burstBytes: fc.option(fc.oneof(fc.integer({ min: 1, max: most }), fc.constant(most))),
      });
    });
}

const promise: fc.Arbitrary<PodPromise> = fc
  .tuple(directionPromise(), directionPromise(), fc.option(rateBetween(1, maxDurationUs)))
  .map(([egress, ingress, latencyTargetUs]) => promiseWith({ egress, ingress, latencyTargetUs }));

const mtu = fc.integer({ min: 576, max: 65_535 });

function expectWritable(shape: object): void {
  for (const [name, value] of Object.entries(shape)) {
    const problem = !Number.isSafeInteger(value) || value < 0;
    // Rates are 64 bits wide (TCA_HTB_RATE64), all else is 32.
    const tooLarge = !name.startsWith("rate") && !name.startsWith("ceil") && value > largest32;
    expect([name, value, problem || tooLarge]).toEqual([name, value, false]);
  }
}

/** What tc makes of the bytes must be what we expect to read, with any tc, and must fit. */
function expectTicks(bytes: number, rate: number, ticks: number): void {
  const newer = Math.ceil(((1e6 * bytes) / rate) * 15.625);
  expect(newer).toBeLessThanOrEqual(largest32);
  expect(sameTicks(ticks, newer)).toBe(true);
}

function expectRateShape(shape: RateShape, unitBytes: number): void {
  expectWritable(shape);
  expectTicks(shape.burstBytes, shape.rateBytes, shape.burstTicks);
  expectTicks(shape.cburstBytes, shape.ceilBytes, shape.cburstTicks);
  expect(shape.rateBytes).toBeLessThanOrEqual(shape.ceilBytes);
  expect(shape.quantumBytes).toBeGreaterThanOrEqual(unitBytes);
  expect(shape.burstBytes).toBeGreaterThanOrEqual(
    Math.min(unitBytes, largestBurstBytes(shape.rateBytes)),
  );
  expect(shape.cburstBytes).toBeGreaterThanOrEqual(
    Math.min(unitBytes, largestBurstBytes(shape.ceilBytes)),
  );
}

describe("every leaf", () => {
  test("can be written down, and is what was asked", () => {
    fc.assert(
      fc.property(
        capacity,
        promise,
        mtu,
        fc.constantFrom<Direction>(...directions),
        (capacityBits, asked, mtuBytes, direction) => {
          const gso = podGsoMaxBytes(capacityBits, mtuBytes);
          const unit = direction === "egress" ? gso : groBytes;
          const shape = leafShape(asked, direction, capacityBits, gso);
          const { guaranteeBits, limitBits, burstBytes } = asked[direction];
          const { queueLimitBytes, ...rates } = shape;
          expectWritable({ queueLimitBytes });
          expectRateShape(rates, unit);
          expect(queueLimitBytes).toBeGreaterThanOrEqual(2 * unit);
          // The guarantee is kept, and never more than what admission counts for it.
          expect(shape.rateBytes).toBeGreaterThanOrEqual(rateBytes(Math.max(guaranteeBits, 8)));
          expect(shape.rateBytes).toBeLessThanOrEqual(
            rateBytes(Math.max(guaranteeBits, floorBits)),
          );
          if (limitBits !== null) {
            expect(shape.ceilBytes).toBe(rateBytes(limitBits));
            expect(shape.cburstBytes).toBeGreaterThanOrEqual(burstBytes ?? 0);
          } else {
            // Above the tree's rate, so that it holds nobody back.
            expect(shape.ceilBytes).toBeGreaterThan(rateBytes(capacityBits));
          }
          const { latencyTargetUs } = asked;
          if (latencyTargetUs !== null && guaranteeBits > 0) {
            expect(shape.prio).toBe(0);
            expect(queueLimitBytes).toBeLessThanOrEqual(
              Math.max(4 * unit, bytesIn(guaranteeBits, latencyTargetUs)),
            );
          } else {
            expect(shape.prio).toBe(1);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each<[string, Partial<PodPromise>, Direction, Partial<ReturnType<typeof leafShape>>]>([
    [
      "best effort: the floor, and a unit of burst",
      {},
      "ingress",
      {
        rateBytes: 1_000,
        ceilBytes: 250e6,
        burstBytes: 65_536,
        cburstBytes: 625_000,
        queueLimitBytes: 1_250_000,
        prio: 1,
      },
    ],
    [
      "best effort going out: its own unit",
      {},
      "egress",
      { rateBytes: 1_000, burstBytes: 5_000, quantumBytes: 65_536 },
    ],
    [
      "the smallest guarantee under a large limit",
      { egress: { guaranteeBits: 1_000, limitBits: 1e9, burstBytes: null } },
      "egress",
      { rateBytes: 1_000, ceilBytes: 125e6, burstBytes: 5_000, cburstBytes: 625_000 },
    ],
    [
      "a guarantee's burst is 5 ms of it",
      { egress: { guaranteeBits: 100e6, limitBits: 200e6, burstBytes: null } },
      "egress",
      { burstBytes: 62_500, cburstBytes: 125_000, queueLimitBytes: 250_000 },
    ],
    [
      "a limit below the floor",
      { egress: { guaranteeBits: 0, limitBits: 1_000, burstBytes: null } },
      "egress",
      { rateBytes: 125, ceilBytes: 125, burstBytes: 5_000, cburstBytes: 5_000 },
    ],
    [
      "a limit for which a unit is too long",
      { ingress: { guaranteeBits: 0, limitBits: 1_000, burstBytes: null } },
      "ingress",
      { rateBytes: 125, ceilBytes: 125, burstBytes: 34_359, cburstBytes: 34_359 },
    ],
    [
      "a burst that was asked for",
      { egress: { guaranteeBits: 100e6, limitBits: 100e6, burstBytes: 1e6 } },
      "egress",
      { burstBytes: 1e6, cburstBytes: 1e6 },
    ],
    [
      "a burst ahead of a limit, at a guarantee that cannot hold it",
      { egress: { guaranteeBits: 8_000, limitBits: 1e9, burstBytes: 1e6 } },
      "egress",
      { burstBytes: 274_877, cburstBytes: 1e6 },
    ],
    [
      "a burst below a unit",
      { egress: { guaranteeBits: 100e6, limitBits: 100e6, burstBytes: 100 } },
      "egress",
      { burstBytes: 5_000, cburstBytes: 5_000 },
    ],
    [
      "a latency target",
      {
        egress: { guaranteeBits: 400e6, limitBits: 400e6, burstBytes: null },
        latencyTargetUs: 1_000,
      },
      "egress",
      { prio: 0, burstBytes: 50_000, queueLimitBytes: 50_000 },
    ],
    [
      "a latency target without a guarantee in this direction",
      {
        egress: { guaranteeBits: 400e6, limitBits: 400e6, burstBytes: null },
        latencyTargetUs: 1_000,
      },
      "ingress",
      { prio: 1, rateBytes: 1_000 },
    ],
    [
      "an hour of a latency target",
      {
        egress: { guaranteeBits: 400e6, limitBits: 400e6, burstBytes: null },
        latencyTargetUs: 3.6e9,
      },
      "egress",
      { queueLimitBytes: largest32 },
    ],
  ])("%s", (_, keys, direction, expected) => {
    const gso = podGsoMaxBytes(1e9, 1500);
    expect(leafShape(promiseWith(keys), direction, 1e9, gso)).toMatchObject(expected);
  });

  test("of a burst that its limit cannot hold is nothing that anybody can admit", () => {
    const limitBits = 8_000;
    const asked = (burstBytes: number) =>
      promiseWith({ egress: { ...bestEffort, limitBits, burstBytes } });
    expect(largestBurstAtLimit(limitBits)).toBe(274_877);
    expect(leafShape(asked(274_877), "egress", 1e9, 5_000).cburstBytes).toBe(274_877);
    expect(() => leafShape(asked(274_878), "egress", 1e9, 5_000)).toThrow(RangeError);
  });
});

describe("every tree", () => {
  test("can be written down", () => {
    fc.assert(
      fc.property(capacity, fc.double({ min: 0, max: 1, noNaN: true }), (capacityBits, part) => {
        expectRateShape(rootShape(capacityBits), 0);
        const { queueLimitBytes, ...host } = hostShape(
          { ...trees, egressCapacityBits: capacityBits },
          hostRateBits(capacityBits, Math.floor(part * capacityBits)),
        );
        expectRateShape(host, groBytes);
        expectWritable({ queueLimitBytes });
        expect(queueLimitBytes).toBeGreaterThanOrEqual(2 * groBytes);
        const tbf = tbfShape(capacityBits, groBytes);
        expectWritable(tbf);
        expectTicks(tbf.burstBytes, tbf.rateBytes, tbf.burstTicks);
        expect(tbf.limitBytes).toBeGreaterThanOrEqual(tbf.burstBytes);
      }),
      { numRuns: 1_000 },
    );
  });

  test("holds borrowers in HTB's root, and lets what that passes at once through its TBF unhindered", () => {
    for (const capacityBits of [16_000, 10e6, 1e9, 1e12]) {
      const { rateBytes: rate, burstBytes } = tbfShape(capacityBits, groBytes);
      expect(rate).toBe(capacityBits / 8);
      expect(burstBytes).toBeGreaterThan(groBytes);
      const root = rootShape(capacityBits);
      expect(root.rateBytes).toBe(rate);
      expect(root.ceilBytes).toBe(rate);
      // A class that has any tokens sends its last unit whole.
      expect(burstBytes).toBeGreaterThanOrEqual(root.cburstBytes + groBytes);
    }
  });
});

describe("the host's ingress", () => {
  /** nft_limit_init() multiplies it with the nanoseconds of a second, in 64 bits. */
  const nftHolds = (bytes: number): boolean => BigInt(bytes) * 1_000_000_000n < 2n ** 64n;

  test("is what nftables counts of it, where nftables can hold that", () => {
    let [held, left] = [0, 0];
    fc.assert(
      fc.property(capacity, (bits) => {
        const police = hostPoliceShape(bits);
        if (police === null) {
          left++;
          expect(bits).toBeGreaterThan(100e9);
          return;
        }
        held++;
        const { bytesPerSecond, burstBytes } = police;
        expectWritable({ burstBytes });
        expect(nftHolds(bytesPerSecond + burstBytes)).toBe(true);
        // GRO leaves one header of many: of 1514 bytes 1428 to 1448 are counted, and the frames' rate holds for all.
        expect((bytesPerSecond * 1514) / 1428).toBeLessThanOrEqual(rateBytes(bits));
        expect(bytesPerSecond).toBeGreaterThanOrEqual(Math.floor(0.94 * rateBytes(bits)));
        expect(burstBytes).toBeGreaterThanOrEqual(4 * groBytes);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(held, left)).toBeGreaterThan(20);
  });
});

describe("a pod's GSO size", () => {
  test.each([
    ["40 us at 1 Gbit/s", 1e9, 1500, 5_000],
    ["40 us at 10 Gbit/s", 10e9, 1500, 50_000],
    ["a whole unit from 13.2 Gbit/s on", 13.2e9, 1500, 65_536],
    ["three segments at the least", 10e6, 1500, 4_500],
    ["three of another MTU", 10e6, 9_000, 27_000],
    ["never above a whole unit", 10e6, 65_535, 65_536],
  ])("%s", (_, capacityBits, mtuBytes, bytes) => {
    expect(podGsoMaxBytes(capacityBits, mtuBytes)).toBe(bytes);
  });
});
