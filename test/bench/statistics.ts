/** Pure: what is said of values that were measured side by side, round by round. */
import { percentile } from "../../src/prove/judge/statistics.ts";

/** With `from` and `to` around it: quartiles, or an interval of 95%. */
export interface Estimate {
  value: number;
  from: number;
  to: number;
}

const sortedOf = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

const rank = (values: readonly number[], percent: number): number =>
  percentile(sortedOf(values), percent) ?? Number.NaN;

/** The mean of the two in the middle, where there are two. */
export function median(values: readonly number[]): number {
  const sorted = sortedOf(values);
  const half = sorted.length / 2;
  return (
    ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2
  );
}

/** The median between the quartiles (nearest rank). */
export function spread(values: readonly number[]): Estimate {
  return { value: median(values), from: rank(values, 25), to: rank(values, 75) };
}

/** Each round's own ratio: what both met in that round (another process, a warmer cache) is in neither. */
export function pairRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  const pairs = Math.min(ours.length, theirs.length);
  return Array.from(
    { length: pairs },
    (_, i) => (ours[i] ?? Number.NaN) / (theirs[i] ?? Number.NaN),
  );
}

const RESAMPLES = 2_000;

/**
 * The ratio of the medians with its 95% interval, by the percentile bootstrap over rounds (Efron and
 * Tibshirani, An Introduction to the Bootstrap, 13.3): rounds are drawn, not values, so that what was
 * measured side by side stays so.
 */
export function ratioOfMedians(ours: readonly number[], theirs: readonly number[]): Estimate {
  const pairs = Math.min(ours.length, theirs.length);
  const random = randomFrom(1);
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: pairs }, () => Math.floor(random() * pairs));
    const of = (values: readonly number[]): number[] => drawn.map((i) => values[i] ?? Number.NaN);
    return median(of(ours)) / median(of(theirs));
  });
  const value = median(ours) / median(theirs);
  return { value, from: rank(ratios, 2.5), to: rank(ratios, 97.5) };
}

/** Mulberry32: the same page from the same figures, every time. 0 to 1, without 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
