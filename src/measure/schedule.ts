/** When to look during an interval. */

/** Enough for a backlog's mean and for demand to be told from a burst. */
const wantedLooks = 20;
/** A look costs a dump of each tree: not more often than this. */
const closestMs = 10;
/** Of a step, to either side: looks at an even pace could keep step with traffic at an even pace. */
const jitter = 0.25;

/** Offsets from the start in milliseconds, ascending, the first 0 and the last `intervalMs`. `random`: 0 to below 1. */
export function lookTimes(intervalMs: number, random: () => number): number[] {
  const steps = Math.max(1, Math.min(wantedLooks, Math.floor(intervalMs / closestMs)));
  const step = intervalMs / steps;
  return Array.from({ length: steps + 1 }, (_, i) =>
    i === 0 || i === steps ? i * step : (i + jitter * (2 * random() - 1)) * step,
  );
}
