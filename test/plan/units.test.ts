import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  burstBytes,
  burstTicks,
  bytesIn,
  largestBurstBytes,
  largestSizeBytes,
  rateBytes,
  sameTicks,
} from "../../src/plan/units.ts";

/** tc_calc_xmittime as of 2025: directly, and rounding up. */
const newerTicks = (bytes: number, rate: number): number =>
  Math.ceil(((1e6 * bytes) / rate) * 15.625);

const rate = fc
  .integer({ min: 1, max: 47 })
  .chain((power) => fc.integer({ min: 1, max: 2 ** power }));
/** A rate and a burst that can be written down for it. */
const rateAndBurst = rate.chain((r) =>
  fc.tuple(fc.constant(r), fc.integer({ min: 1, max: Math.max(1, largestBurstBytes(r)) })),
);

describe("rates", () => {
  test.each([
    [8_000, 1_000],
    [8_007, 1_000],
    [1_000, 125],
    // The kernel takes no rate of 0.
    [7, 1],
  ])("%d bit/s are %d bytes per second", (bits, bytes) => {
    expect(rateBytes(bits)).toBe(bytes);
  });

  test.each([
    [1e9, 5_000, 625_000],
    [8_000, 999, 0],
    // Products beyond 2^53 are exact.
    [999_999_999_999, 4_294_967_295, 536_870_911_874_463],
  ])("%d bit/s for %d us are %d bytes", (bits, us, bytes) => {
    expect(bytesIn(bits, us)).toBe(bytes);
  });
});

describe("bursts", () => {
  test.each([
    // What tc -d class show prints as "burst 64Kb" at 8 kbit/s.
    [65_536, 1_000, 1_024_000_000],
    [625_000, 125_000_000, 78_125],
    // Through whole microseconds: 0.5 us is none.
    [65_536, 125_000_000_000, 0],
  ])("%d bytes at %d B/s are %d ticks", (bytes, r, ticks) => {
    expect(burstTicks(bytes, r)).toBe(ticks);
  });

  test("one tc's ticks are the same as another's", () => {
    fc.assert(
      fc.property(rateAndBurst, ([r, bytes]) => {
        expect(sameTicks(burstTicks(bytes, r), newerTicks(bytes, r))).toBe(true);
      }),
    );
  });

  test("two microseconds apart are not the same", () => {
    expect(sameTicks(burstTicks(1_000, 1e6), burstTicks(1_002, 1e6))).toBe(false);
    expect(sameTicks(0, 31)).toBe(false);
  });

  test("what was read is written back as the same burst, with either tc", () => {
    fc.assert(
      fc.property(rateAndBurst, ([r, bytes]) => {
        for (const ticksOf of [burstTicks, newerTicks]) {
          const held = ticksOf(bytes, r);
          const back = burstBytes(held, r);
          expect(back).toBeGreaterThanOrEqual(1);
          expect(sameTicks(ticksOf(back, r), held)).toBe(true);
        }
      }),
    );
  });

  test("what the older tc was given is written back to the tick, where a byte takes less than a microsecond", () => {
    fc.assert(
      fc.property(rateAndBurst, ([r, bytes]) => {
        fc.pre(r > 1_000_000);
        const held = burstTicks(bytes, r);
        fc.pre(held > 0);
        expect(burstTicks(burstBytes(held, r), r)).toBe(held);
      }),
    );
  });

  test("the largest fits into 32 bits of ticks, and a byte more does not unless it is the largest size", () => {
    fc.assert(
      fc.property(rate, (r) => {
        const largest = largestBurstBytes(r);
        expect(newerTicks(largest, r)).toBeLessThan(2 ** 32);
        expect(burstTicks(largest, r)).toBeLessThan(2 ** 32);
        if (largest < largestSizeBytes)
          // Whole microseconds are lost at the most.
          expect(newerTicks(largest + 1, r)).toBeGreaterThanOrEqual(2 ** 32 - 16);
      }),
    );
  });
});
