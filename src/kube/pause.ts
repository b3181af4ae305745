/** How long to wait before an API server that failed is asked again. Pure. */

const [shortestMs, longestMs] = [500, 30_000];

/**
 * `attempt` counts from 1, `chance` is from 0 to below 1. All agents of a cluster lose their API server at the
 * same moment, so each of them waits another time: from half of the pause to one and a half of it.
 */
export function pauseMs(attempt: number, chance: number): number {
  const doubled = Math.min(longestMs, shortestMs * 2 ** Math.min(attempt - 1, 20));
  return Math.round(doubled * (0.5 + chance));
}
