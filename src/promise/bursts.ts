/**
 * Chooses the bursts of all pods with a latency target together, from the set of these pods, so that it does
 * not matter who came first. What is chosen and why it is exact is in docs/latency.md ("What is chosen").
 */
import { bytesIn } from "../plan/units.ts";
import { type Bounded, boundsOf, type EgressPath, isLate, type LatencyClass } from "./bound.ts";

/** A class whose burst is still to be chosen. */
export interface LatencyAsk extends Omit<LatencyClass, "burstBytes"> {
  /** The least that it can be given: one unit, or the burst that the pod asked for. */
  leastBytes: number;
  /** Whether the pod asked for this burst. Then it has this one and no other. */
  isFixed: boolean;
}

/**
 * A burst is chosen as one of these times at the guarantee, in microseconds. They are preferred numbers (ISO
 * 3, R20), each an eighth longer than the last. There are steps so that one pod more seldom changes
 * everybody's class. They begin with 40 us so that two of them are never the same to the kernel, which is
 * given whole microseconds (units.ts). Longer bursts help nobody, because what is late by more has been late
 * before.
 */
const timesUs = [
  40, 45, 50, 56, 63, 71, 80, 90, 100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400,
  450, 500, 560, 630, 710, 800, 900, 1000, 1120, 1250, 1400, 1600, 1800, 2000, 2240, 2500, 2800,
  3150, 3550, 4000, 4500, 5000,
];

/** A burst has to be longer than the least by so much, or the kernel would not tell the two apart. */
const tellableUs = 4;

/**
 * The share that longer bursts may take of the time between a class's bound with the least bursts and its
 * target. The rest is for what the bound does not count: the pod's own stack, interrupts, a late processor.
 */
const burstsShare = 0.75;

/**
 * The burst of a class when each class may have what it sends in so much time, or in its own target's time if
 * that is shorter.
 */
function burstWithin({ guaranteeBits, targetUs, ...ask }: LatencyAsk, timeUs: number): number {
  if (ask.isFixed) return ask.leastBytes;
  const us = timesUs.findLast((each) => each <= Math.min(timeUs, targetUs)) ?? 0;
  const bytes = bytesIn(guaranteeBits, us);
  return bytes > ask.leastBytes + bytesIn(guaranteeBits, tellableUs) ? bytes : ask.leastBytes;
}

function withTime(asks: readonly LatencyAsk[], timeUs: number): LatencyClass[] {
  return asks.map((ask) => {
    const { leastBytes: _, isFixed: __, ...rest } = ask;
    return { ...rest, burstBytes: burstWithin(ask, timeUs) };
  });
}

/**
 * The bounds with the least bursts. No class has a smaller burst than its unit, and from there on every
 * bound grows with every burst: so if one is above its target here, no choice of bursts keeps them all.
 */
export function leastBounds(path: EgressPath, asks: readonly LatencyAsk[]): Bounded[] {
  return boundsOf(path, withTime(asks, 0));
}

/**
 * The classes with their bursts, in the order of `asks`. All bursts are of the same time, the longest that
 * leaves each target what it needs. A pod has less where its own target is shorter, one unit where that is
 * more, and the burst that it asked for if it did. Where the targets cannot all be kept, each class has its
 * least burst.
 */
export function chooseBursts(path: EgressPath, asks: readonly LatencyAsk[]): LatencyClass[] {
  const least = leastBounds(path, asks);
  if (least.some(isLate)) return least.map(({ latencyClass }) => latencyClass);
  const limitsUs = least.map(
    ({ latencyClass: { targetUs }, boundUs }) => boundUs + burstsShare * (targetUs - boundUs),
  );
  const keeps = (timeUs: number): boolean =>
    boundsOf(path, withTime(asks, timeUs)).every(
      ({ boundUs }, at) => boundUs <= (limitsUs[at] ?? 0),
    );
  // Every bound grows with the time, so the targets are kept for all times from the shortest up to one of
  // them.
  let [kept, beyond] = [-1, timesUs.length];
  while (beyond - kept > 1) {
    const middle = Math.floor((kept + beyond) / 2);
    if (keeps(timesUs[middle] ?? 0)) kept = middle;
    else beyond = middle;
  }
  return withTime(asks, timesUs[kept] ?? 0);
}
