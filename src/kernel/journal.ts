/**
 * What this process asked the kernel to change, and what it answered: for the log at debug, so that the
 * person who reads it sees the very lines that were tried. Kept in memory until the verb has ended.
 */
import type { Line } from "../plan/render.ts";

export interface JournalEntry {
  line: Line;
  /** Of the lines of one execution all but the last that failed share its answer. */
  answer: string;
  durationMs: number;
}

/** A repair of a thousand pods must not fill the memory: what comes first tells most. */
const kept = 2_000;

const entries: JournalEntry[] = [];
let dropped = 0;

export function note(entry: JournalEntry): void {
  if (entries.length < kept) entries.push(entry);
  else dropped += 1;
}

/** How many were tried so far. */
export const tried = (): number => entries.length + dropped;

export const journal = (): { entries: readonly JournalEntry[]; dropped: number } => ({
  entries,
  dropped,
});
