import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatBurst } from "../../src/config/burst.ts";
import { maxDurationUs, maxRateBits, maxSizeBytes } from "../../src/config/quantities.ts";
import type { Burst } from "../../src/config/types.ts";
import { burstTicks, rateBytes } from "../../src/plan/units.ts";
import { burstAt, burstRateBits } from "../../src/promise/burst.ts";

const size = (bytes: number): Burst => ({ kind: "size", bytes });
const time = (us: number): Burst => ({ kind: "time", us });

test.each<[string, number, number | null, number | null]>([
  ["the limit", 5e6, 7e6, 7e6],
  ["the guarantee", 5e6, null, 5e6],
  ["a leaf's floor, where the guarantee is below it", 1_000, null, 8_000],
  ["a limit below the floor", 1_000, 1_000, 1_000],
  ["the limit of best effort", 0, 7e6, 7e6],
  ["nothing", 0, null, null],
])("a burst is a time of %s", (_, guaranteeBits, limitBits, bits) => {
  expect(burstRateBits(guaranteeBits, limitBits)).toBe(bits);
});

describe("over all rates that can be asked for", () => {
  const rates = fc.oneof(
    fc.constantFrom(1_000, 8_000, maxRateBits),
    fc.integer({ min: 1_000, max: 1e6 }),
    fc.maxSafeInteger().map((n) => 1_000 + (Math.abs(n) % (maxRateBits - 1_000))),
  );
  const bursts = fc.oneof(
    fc.integer({ min: 1, max: maxSizeBytes }).map(size),
    fc.integer({ min: 1, max: maxDurationUs }).map(time),
    fc.constantFrom(size(maxSizeBytes), time(maxDurationUs), time(1), size(1)),
  );
  /** struct tc_htb_opt: buffer and the size that leads to it are u32. */
  const largest32 = 2 ** 32 - 1;

  test("what is taken fits the kernel's fields, and is exact", () => {
    fc.assert(
      fc.property(rates, bursts, (rateBits, burst) => {
        const at = burstAt(burst, rateBits);
        if (!at.ok) return;
        expect(Number.isSafeInteger(at.bytes)).toBe(true);
        expect(at.bytes).toBeLessThanOrEqual(largest32);
        const ticks = burstTicks(at.bytes, rateBytes(rateBits));
        expect(Number.isSafeInteger(ticks)).toBe(true);
        expect(ticks).toBeLessThanOrEqual(largest32);
        const exact =
          burst.kind === "size"
            ? BigInt(burst.bytes)
            : (BigInt(rateBits) * BigInt(burst.us)) / 8_000_000n;
        expect(BigInt(at.bytes)).toBe(exact);
      }),
      { numRuns: 1000 },
    );
  });

  test("what is refused names the largest, which is taken, and a byte more is not", () => {
    let refused = 0;
    fc.assert(
      fc.property(rates, bursts, (rateBits, burst) => {
        const at = burstAt(burst, rateBits);
        if (at.ok) return;
        refused++;
        expect(at.problem).toStartWith(formatBurst(burst));
        const named = Number(/: (\d+) bytes$/.exec(at.problem)?.[1]);
        expect(at.advice).toContain(`"${named}" bytes`);
        expect(burstAt(size(named), rateBits)).toEqual({ ok: true, bytes: named });
        expect(burstAt(size(named + 1), rateBits).ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
