/**
 * Whether guarantees are kept, judged again and again, and when it is time to tell that one is not. Pure.
 */
import { oneLife, type Sample } from "../measure/counters.ts";
import { demandOf } from "../measure/demand.ts";

/** "idle" says nothing: nothing waited, or not for long enough to tell a rate. */
export type Verdict = "kept" | "below" | "idle";

/** `samples` are looks at one class, in order; `guaranteeBits` is above 0. */
export function verdictOf(samples: readonly Sample[], guaranteeBits: number): Verdict {
  const seen = oneLife(samples);
  if ("known" in seen) return "idle";
  const { judgedSeconds, belowSeconds } = demandOf(seen, guaranteeBits);
  if (judgedSeconds === 0) return "idle";
  return belowSeconds * 2 > judgedSeconds ? "below" : "kept";
}

/** Which guarantees are missed, by what names them, and since when. */
export type Missed = ReadonlyMap<string, { sinceMs: number; isTold: boolean }>;

export const noneMissed: Missed = new Map();

/**
 * What the verdicts of one moment make of it. One that is kept, or is not asked for any more, is forgotten.
 * `due` are those that have been missed for `afterMs` or longer and were not told yet.
 */
export function judged(
  before: Missed,
  verdicts: ReadonlyMap<string, Verdict>,
  nowMs: number,
  afterMs: number,
): { missed: Missed; due: string[] } {
  const due: string[] = [];
  const missed = new Map<string, { sinceMs: number; isTold: boolean }>();
  for (const [name, verdict] of verdicts) {
    if (verdict !== "below") continue;
    const { sinceMs, isTold } = before.get(name) ?? { sinceMs: nowMs, isTold: false };
    const isDue = !isTold && nowMs - sinceMs >= afterMs;
    if (isDue) due.push(name);
    missed.set(name, { sinceMs, isTold: isTold || isDue });
  }
  return { missed, due };
}
