/**
 * Which events are worth the API server's while. Kubernetes shows what repeats as one event that counts, and the
 * agent tells a repetition no more often than makes sense. Pure but for what it remembers.
 */
import { createHash } from "node:crypto";

/** What an event is about. */
interface Regarding {
  apiVersion: string;
  kind: string;
  /** "" for what belongs to no namespace. */
  namespace: string;
  name: string;
  uid: string;
}

export interface Happened {
  regarding: Regarding;
  type: "Normal" | "Warning";
  reason: string;
  /** What was done or tried, in a word. */
  action: string;
  note: string;
}

export interface EventAct {
  happened: Happened;
  /** The event's own name: the same for the same thing, so that an agent that starts again goes on counting. */
  name: string;
  /** How often it has happened. 1 means that it is to be made. */
  count: number;
}

interface Told {
  count: number;
  atMs: number;
}

/** How often a repetition is told. */
const againMs = 5 * 60_000;
/** An event is forgotten by the API server after an hour. */
const keptMs = 60 * 60_000;
/** So many events may each object have at once, and one more in each period. A hostile pod is heard no longer. */
const [burst, refillMs] = [20, 60_000];
const mostKept = 5_000;

export function eventName({ regarding, reason, note }: Happened): string {
  const text = JSON.stringify([regarding.uid, reason, note]);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${regarding.name.slice(0, 230)}.${digest}`;
}

export class EventLog {
  readonly #told = new Map<string, Told>();
  readonly #budgets = new Map<string, { left: number; atMs: number }>();

  /** null means that nothing is to be told now. */
  take(happened: Happened, nowMs: number): EventAct | null {
    this.#forget(nowMs);
    const name = eventName(happened);
    const before = this.#told.get(name);
    const count = (before?.count ?? 0) + 1;
    if (before !== undefined && nowMs - before.atMs < againMs) {
      before.count = count;
      return null;
    }
    if (!this.#spend(happened.regarding.uid, nowMs)) return null;
    this.#told.set(name, { count, atMs: nowMs });
    return { happened, name, count };
  }

  #spend(uid: string, nowMs: number): boolean {
    const budget = this.#budgets.get(uid) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, budget.left + (nowMs - budget.atMs) / refillMs);
    const isEnough = left >= 1;
    this.#budgets.set(uid, { left: isEnough ? left - 1 : left, atMs: nowMs });
    return isEnough;
  }

  #forget(nowMs: number): void {
    for (const map of [this.#told, this.#budgets])
      for (const [key, { atMs }] of map)
        if (nowMs - atMs > keptMs || map.size > mostKept) map.delete(key);
        else break;
  }
}
