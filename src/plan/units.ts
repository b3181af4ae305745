/**
 * The kernel's own units for rates and bursts, so that what is desired can be compared with what
 * the kernel says.
 */

/** HTB and TBF hold rates in whole bytes per second (struct psched_ratecfg, include/net/sch_generic.h). */
export function rateBytes(rateBits: number): number {
  return Math.max(1, Math.floor(rateBits / 8));
}

/** tc and the kernel take sizes, limits and bursts in 32 bits. */
export const largestSizeBytes = 2 ** 32 - 1;

/** A tick of the packet scheduler is 64 ns (PSCHED_SHIFT 6, include/net/pkt_sched.h). */
const ticksPerMicrosecond = 1000 / 64;
/** struct tc_htb_opt and tc_tbf_qopt hold a burst in 32 bits of ticks: no longer than 274 s. tc cuts off the bits above without a word. */
const largestBurstUs = Math.floor((2 ** 32 - 1) / ticksPerMicrosecond);

/**
 * A burst as the kernel stores it: the time that it takes at the rate, in ticks. tc computes it so
 * (tc_calc_xmittime in tc/tc_core.c), through whole microseconds, and divides before it multiplies:
 * 4140 bytes at 1000 per second are 4,139,999 microseconds.
 */
export function burstTicks(burstBytes: number, rate: number): number {
  return Math.floor(Math.floor(1e6 * (burstBytes / rate)) * ticksPerMicrosecond);
}

/** As tc does it since 2025: directly, rounding up. */
function newerBurstTicks(burstBytes: number, rate: number): number {
  return Math.ceil(((1e6 * burstBytes) / rate) * ticksPerMicrosecond);
}

/**
 * The bytes that tc makes these ticks of: what a burst that was read is written back as; never 0, of
 * which tc makes a default. Ticks that the older tc has made come of whole microseconds, and of the next
 * lower one where a byte is missing. The newer one is given a tick less, since it may have rounded up.
 */
export function burstBytes(ticks: number, rate: number): number {
  const within = (bytes: number): number => Math.min(largestSizeBytes, Math.max(1, bytes));
  const microseconds = Math.ceil(ticks / ticksPerMicrosecond);
  const older = within(Math.ceil((microseconds * rate) / 1e6));
  if (burstTicks(older, rate) === ticks && sameTicks(newerBurstTicks(older, rate), ticks))
    return older;
  return within(Math.ceil((((ticks - 1) / ticksPerMicrosecond) * rate) / 1e6));
}

/**
 * The same of a TBF: the kernel takes its burst in bytes (TCA_TBF_BURST), and tells the ticks that it
 * makes of them, rounded down.
 */
export function burstBytesOfTbf(ticks: number, rate: number): number {
  const bytes = Math.ceil(((ticks / ticksPerMicrosecond) * rate) / 1e6);
  return Math.min(largestSizeBytes, Math.max(1, bytes));
}

/** The largest burst that can be written down for a rate. */
export function largestBurstBytes(rate: number): number {
  return Math.min(largestSizeBytes, Math.floor((largestBurstUs * rate) / 1e6));
}

/**
 * tc brings a burst to ticks through whole microseconds, rounding down; since 2025 directly, rounding
 * up (tc_calc_xmittime). Between the two lie up to a microsecond and the two roundings.
 */
export function sameTicks(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.ceil(ticksPerMicrosecond) + 1;
}

/** CoDel holds times in units of 1024 ns (CODEL_SHIFT 10, include/net/codel.h): a time that it is given, in those. */
export function codelTicks(microseconds: number): number {
  return Math.floor((microseconds * 1000) / 1024);
}

/**
 * What a time was given as, from what the kernel tells of it: that is rounded down again
 * (codel_time_to_us), so that given back it would come out shorter; a microsecond more leads to the
 * same ticks.
 */
export function codelGivenUs(toldUs: number): number {
  return toldUs + 1;
}

export function sameCodelTime(a: number, b: number): boolean {
  return codelTicks(a) === codelTicks(b);
}

/** Bytes that pass in a time at a rate; both whole numbers, whose product may be beyond 2^53. */
export function bytesIn(rateBits: number, microseconds: number): number {
  return Number((BigInt(rateBits) * BigInt(microseconds)) / 8_000_000n);
}
