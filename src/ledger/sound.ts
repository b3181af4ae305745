/** Finds out whether a ledger's file is sound: every page, every index, every constraint. */
import { type Database, SQLiteError } from "bun:sqlite";

/** SQLite reports a damaged page many times, so only this many faults are shown. */
const shown = 5;

interface Orphan {
  table: string;
  rowid: number | null;
  parent: string;
}

/**
 * The faults in SQLite's words. The list is empty for a sound file. This reads the whole file: a millisecond
 * for hundreds of pods.
 */
export function faultsOf(db: Database): string[] {
  try {
    const told = db
      .query<{ integrity_check: string }, []>(`PRAGMA integrity_check(${shown})`)
      .all()
      // The text begins with a line for the database itself, and it has several lines.
      .flatMap(({ integrity_check: text }) => text.split("\n"))
      .filter((line) => line !== "ok" && line !== "" && !line.startsWith("***"));
    if (told.length > 0) return told;
    return db
      .query<Orphan, []>("PRAGMA foreign_key_check")
      .all()
      .map(({ table, rowid, parent }) => `row ${rowid} of ${table} has no row of ${parent}`);
  } catch (error) {
    if (error instanceof SQLiteError) return [error.message];
    throw error;
  }
}
