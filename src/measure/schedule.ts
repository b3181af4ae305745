/** Says when to look during an interval. */

/** So many looks are enough for a backlog's mean, and to tell demand from a burst. */
const wantedLooks = 20;
/** A look costs a dump of each tree, so there is none more often than this. */
const closestMs = 10;
/**
 * The share of a step, to either side, by which a look may be shifted: looks at an even pace could keep step
 * with traffic at an even pace.
 */
const jitter = 0.25;

/**
 * Offsets from the start in milliseconds. They ascend; the first is 0 and the last `intervalMs`. `random`
 * gives numbers from 0 to below 1.
 */
export function lookTimes(intervalMs: number, random: () => number): number[] {
  const steps = Math.max(1, Math.min(wantedLooks, Math.floor(intervalMs / closestMs)));
  const step = intervalMs / steps;
  return Array.from({ length: steps + 1 }, (_, i) =>
    i === 0 || i === steps ? i * step : (i + jitter * (2 * random() - 1)) * step,
  );
}
