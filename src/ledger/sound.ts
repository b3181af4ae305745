/** Whether a ledger's file is sound: every page, every index, every constraint. */
import { type Database, SQLiteError } from "bun:sqlite";

/** A page that is damaged is told of many times. */
const shown = 5;

interface Orphan {
  table: string;
  rowid: number | null;
  parent: string;
}

/** In SQLite's words; none for a sound one. Reads all of it: a millisecond for hundreds of pods. */
export function faultsOf(db: Database): string[] {
  try {
    const told = db
      .query<{ integrity_check: string }, []>(`PRAGMA integrity_check(${shown})`)
      .all()
      // It begins with a line of its own for the database, and breaks lines.
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
