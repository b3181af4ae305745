/**
 * How long this process waits for what others hold. A process that runs one verb waits as long as whoever
 * waits says. In a process that lives (the agent) other verbs wait meanwhile, so each of its verbs has a
 * budget, and it leaves to other processes what may take long (decision 36).
 */

/**
 * Thrown by a verb of a process that lives, before the verb has had any effect: a process of its own has to
 * run it. The message says why.
 */
export class Declined extends Error {}

/** Once the budget is spent, a lock is still waited for this long: most are held for less. */
const leastMs = 100;

/** When the budget of the verb that runs now is spent. null means that none runs, or one without a budget. */
let deadlineMs: number | null = null;

/** Whether this process waits for nobody while no verb runs in it. */
let isResident = false;

/**
 * From now on this process waits for others only within the budget of a verb. What it does by itself it tries
 * again later.
 */
export function waitForNobody(): void {
  isResident = true;
}

/** Runs a verb of a process that lives. In all it waits `budgetMs` for others, and not much longer. */
export function withBudget<T>(budgetMs: number, verb: () => T): T {
  deadlineMs = performance.now() + budgetMs;
  try {
    return verb();
  } finally {
    deadlineMs = null;
  }
}

/** How long to wait for others, where a process of one verb would wait for `usualMs`. */
export function patienceMs(usualMs: number): number {
  if (deadlineMs === null) return isResident ? 0 : usualMs;
  return Math.min(usualMs, Math.max(leastMs, Math.ceil(deadlineMs - performance.now())));
}

/**
 * To be called before something that may take long, while there is nothing that would have to be taken back.
 * Throws Declined in a process that lives.
 */
export function leaveToOthers(why: string): void {
  if (deadlineMs !== null) throw new Declined(why);
}
