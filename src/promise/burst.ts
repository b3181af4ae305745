/** What a burst comes to at a rate. */
import { formatBurst } from "../config/burst.ts";
import { formatRate } from "../config/quantities.ts";
import type { Burst } from "../config/types.ts";
import { floorBits } from "../plan/shape.ts";
import { bytesIn, largestBurstBytes, rateBytes } from "../plan/units.ts";

/**
 * The rate at which a burst is a time: the limit, or else the guarantee, which is never below a leaf's floor.
 * null means that there is neither.
 */
export function burstRateBits(guaranteeBits: number, limitBits: number | null): number | null {
  if (limitBits !== null) return limitBits;
  return guaranteeBits > 0 ? Math.max(guaranteeBits, floorBits) : null;
}

type BurstAt = { ok: true; bytes: number } | { ok: false; problem: string; advice: string };

/** The bytes of a burst at a rate (`burstRateBits`), or why the kernel cannot hold it there. */
export function burstAt(burst: Burst, rateBits: number | null): BurstAt {
  if (rateBits === null) {
    if (burst.kind === "size") return { ok: true, bytes: burst.bytes };
    return {
      ok: false,
      problem: `${formatBurst(burst)} is a time, and there is neither a limit nor a guarantee that it could be a time of`,
      advice: "Give a limit or a guarantee in that direction, or the burst in bytes.",
    };
  }
  const bytes = burst.kind === "size" ? burst.bytes : bytesIn(rateBits, burst.us);
  const largest = largestBurstBytes(rateBytes(rateBits));
  if (bytes <= largest) return { ok: true, bytes };
  const size = burst.kind === "size" ? "" : ` (${bytes} bytes)`;
  return {
    ok: false,
    problem: `${formatBurst(burst)}${size} is more than the kernel can hold at ${formatRate(rateBits)}: ${largest} bytes`,
    advice: `Give at most "${largest}" bytes, or a higher rate: the kernel keeps bursts in 32 bits, as bytes and as a time of at most 274 s.`,
  };
}
