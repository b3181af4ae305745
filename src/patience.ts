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

/** How long a tool may take in a process that lives. null means that this process runs one verb only. */
let toolLimitMs: number | null = null;

/** After a tool that did not end in time, nothing that needs one is begun for this long. */
const withoutToolsMs = 30_000;

/** What was begun before is taken back meanwhile, and then a tool gets this share of the limit. */
const shareAfterHung = 1 / 4;

let hung: { words: string; untilMs: number } | null = null;

/** From now on this process is one that lives, in which others wait while a tool runs. */
export function limitTools(limitMs: number): void {
  toolLimitMs = limitMs;
}

/** A tool was ended, since it had not ended by itself: `words` say which. */
export function toolHung(words: string, nowMs = performance.now()): void {
  if (toolLimitMs !== null) hung = { words, untilMs: nowMs + withoutToolsMs };
}

/** Why nothing that needs a tool is to be begun here now; null means that it may be. */
export const whyNoTool = (nowMs = performance.now()): string | null =>
  hung !== null && nowMs < hung.untilMs ? hung.words : null;

/** How long a tool may take, where a process of one verb would wait for `usualMs`. */
export function toolPatienceMs(usualMs: number, nowMs = performance.now()): number {
  if (toolLimitMs === null) return usualMs;
  const share = whyNoTool(nowMs) === null ? 1 : shareAfterHung;
  return Math.min(usualMs, toolLimitMs * share);
}

/**
 * To be called before something that may take long, while there is nothing that would have to be taken back.
 * Throws Declined in a process that lives. `cause` is what the verb would fail with if others can do no better.
 */
export function leaveToOthers(why: string, cause?: unknown): void {
  if (deadlineMs !== null) throw new Declined(why, { cause });
}
