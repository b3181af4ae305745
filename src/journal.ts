/**
 * What this process asked the kernel to change, and what the kernel answered. It is for the log at level
 * debug, so that the person who reads it sees exactly the lines that were tried. It is kept in memory until
 * the verb has ended.
 */
import type { Line } from "./plan/kinds/kind.ts";

export interface JournalEntry {
  line: Line;
  /** The lines of one execution share its answer, except for the last one that failed. */
  answer: string;
  durationMs: number;
}

/** A repair of a thousand pods must not fill the memory. The first entries tell most, so those are kept. */
const kept = 2_000;

let entries: JournalEntry[] = [];
let dropped = 0;

/** A process that runs several verbs calls this before each. */
export function forgetJournal(): void {
  entries = [];
  dropped = 0;
}

export function note(entry: JournalEntry): void {
  if (entries.length < kept) entries.push(entry);
  else dropped += 1;
}

export const journal = (): { entries: readonly JournalEntry[]; dropped: number } => ({
  entries,
  dropped,
});
