/**
 * The kernel's own units for rates and bursts, so that what is desired can be compared with what
 * the kernel says.
 */

/** HTB and TBF hold rates in whole bytes per second (struct psched_ratecfg, include/net/sch_generic.h). */
export function rateBytes(rateBits: number): number {
  return Math.max(1, Math.floor(rateBits / 8));
}

/** A tick of the packet scheduler is 64 ns (PSCHED_SHIFT 6, include/net/pkt_sched.h). */
const ticksPerMicrosecond = 1000 / 64;

/**
 * A burst as the kernel stores it: the time that it takes at the rate, in ticks. tc computes it so
 * (tc_calc_xmittime in tc/tc_core.c), through whole microseconds.
 */
export function burstTicks(burstBytes: number, rate: number): number {
  return Math.floor(Math.floor((1e6 * burstBytes) / rate) * ticksPerMicrosecond);
}

/**
 * tc rounds a burst to microseconds on its way in, and not every version in the same direction: what
 * differs by up to a microsecond is the same burst.
 */
export function sameTicks(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.ceil(ticksPerMicrosecond);
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

/** Bytes that pass in a time at a rate. */
export function bytesIn(rateBits: number, microseconds: number): number {
  return Math.floor((rateBits * microseconds) / 8e6);
}
