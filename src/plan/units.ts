/**
 * The kernel's own units for rates and bursts, so that what is desired can be compared with what
 * the kernel says.
 */

/** HTB and TBF hold rates in whole bytes per second (struct psched_ratecfg, include/net/sch_generic.h). */
export function rateBytes(rateBits: number): number {
  return Math.max(1, Math.floor(rateBits / 8));
}

/**
 * tc reads bytes per second as a number and "bps". The rate is given in bytes because the bits that we were
 * asked for may not be a multiple of 8.
 */
export const rateText = (bytes: number): string => `${bytes}bps`;

/** tc and the kernel hold sizes, limits and bursts in 32 bits. */
export const largestSizeBytes = 2 ** 32 - 1;

/** A tick of the packet scheduler is 64 ns (PSCHED_SHIFT 6, include/net/pkt_sched.h). */
const ticksPerMicrosecond = 1000 / 64;
/**
 * struct tc_htb_opt and tc_tbf_qopt hold a burst in 32 bits of ticks, so it is no longer than 274 s. tc cuts
 * off the bits above without a message.
 */
export const largestBurstUs = Math.floor((2 ** 32 - 1) / ticksPerMicrosecond);

/**
 * A burst as the kernel stores it: the time, in ticks, that it takes at the rate. tc computes it in this way
 * (tc_calc_xmittime in tc/tc_core.c): it goes through whole microseconds, and divides before it multiplies.
 * So 4140 bytes at 1000 per second are 4,139,999 microseconds.
 */
export function burstTicks(burstBytes: number, rate: number): number {
  return Math.floor(Math.floor(1e6 * (burstBytes / rate)) * ticksPerMicrosecond);
}

/** Since 2025 tc computes the ticks directly and rounds up. */
function newerBurstTicks(burstBytes: number, rate: number): number {
  return Math.ceil(((1e6 * burstBytes) / rate) * ticksPerMicrosecond);
}

/**
 * The bytes of which tc makes these ticks. A burst that was read is written back as this number. It is never
 * 0, since tc would take a default instead. Ticks that the older tc has made come from whole microseconds,
 * and from the next lower one where a byte is missing. The newer tc is given a tick less, since it may have
 * rounded up.
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
 * The same for a TBF. The kernel receives its burst in bytes (TCA_TBF_BURST) and tells the ticks that it
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
 * The older tc converts a burst to ticks through whole microseconds and rounds down. Since 2025 it converts
 * directly and rounds up (tc_calc_xmittime). The two results differ by up to a microsecond and the two
 * roundings.
 */
export function sameTicks(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.ceil(ticksPerMicrosecond) + 1;
}

/** The difference of two bursts in words. The list is empty when there is none. */
export const ticksDifference = (name: string, want: number, have: number): string[] =>
  sameTicks(want, have) ? [] : [`${name} is ${have} ticks, should be ${want}`];

/**
 * CoDel holds times in units of 1024 ns (CODEL_SHIFT 10, include/net/codel.h). This converts a time that it
 * is given to those units.
 */
export function codelTicks(microseconds: number): number {
  return Math.floor((microseconds * 1000) / 1024);
}

/**
 * The time that was given, computed from what the kernel tells. The kernel rounds that down again
 * (codel_time_to_us), so given back unchanged it would become shorter. One microsecond more leads to the same
 * ticks.
 */
export function codelGivenUs(toldUs: number): number {
  return toldUs + 1;
}

export function sameCodelTime(a: number, b: number): boolean {
  return codelTicks(a) === codelTicks(b);
}

/** The bytes that pass in a time at a rate. Both are whole numbers, whose product may be beyond 2^53. */
export function bytesIn(rateBits: number, microseconds: number): number {
  return Number((BigInt(rateBits) * BigInt(microseconds)) / 8_000_000n);
}
