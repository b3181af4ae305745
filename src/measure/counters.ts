/** Describes what the kernel counts for a class or a queue, and what lies between two looks at it. */
import type { Counters } from "../plan/counters.ts";

/** One look at the counters. The clock is monotonic and has no particular origin. */
export interface Sample {
  atMs: number;
  /** null means that there was no such class. */
  counters: Counters | null;
}

/**
 * Says why an interval says nothing: the class was there at no look, came in between, went in between, or was
 * made anew (a counter went down, or it was gone at one look).
 */
export type Unknown = { known: false; why: "absent" | "appeared" | "vanished" | "replaced" };

/** The words of a row in a table. */
export const unknownWords: Record<Unknown["why"], string> = {
  absent: "not in the kernel",
  appeared: "made meanwhile",
  vanished: "removed meanwhile",
  replaced: "made anew meanwhile",
};

/** What passed between two looks. */
export interface Passed {
  bytes: number;
  packets: number;
}

const word = 2 ** 32;

/**
 * Says by how much a 32-bit counter went up; null means that this cannot have been by wrapping (then it began
 * anew). Drops are 32 bits (struct gnet_stats_queue), packets were up to Linux 5.4 (struct gnet_stats_basic).
 */
export function increase32(before: number, after: number): number | null {
  if (after >= before) return after - before;
  const wrapped = after + word - before;
  return wrapped >= 0 && wrapped < word / 2 ? wrapped : null;
}

/** null means that one of the counters went down, so that this is another class than before. */
export function passed(before: Counters, after: Counters): Passed | null {
  const packets = increase32(before.packets, after.packets);
  if (packets === null || after.bytes < before.bytes) return null;
  return { bytes: after.bytes - before.bytes, packets };
}

/** A look that found the class. */
export interface Seen {
  atMs: number;
  counters: Counters;
}

/** Returns the looks, if all of them saw one and the same class. */
export function oneLife(samples: readonly Sample[]): Seen[] | Unknown {
  const seen = samples.flatMap(({ atMs, counters }) =>
    counters === null ? [] : [{ atMs, counters }],
  );
  if (seen.length === 0) return { known: false, why: "absent" };
  if (samples.at(-1)?.counters === null) return { known: false, why: "vanished" };
  const firstSeen = samples.findIndex(({ counters }) => counters !== null);
  if (samples.slice(firstSeen).some(({ counters }) => counters === null))
    return { known: false, why: "replaced" };
  for (const [i, { counters }] of seen.entries()) {
    const before = seen[i - 1];
    if (before !== undefined && passed(before.counters, counters) === null)
      return { known: false, why: "replaced" };
  }
  return firstSeen > 0 || seen.length < 2 ? { known: false, why: "appeared" } : seen;
}
