/**
 * Puts another file in the ledger's place, which is made whole beside it first. Meanwhile a mark keeps
 * everybody from opening what is there, and the old file's lock keeps out those who have it open. Whoever
 * goes on with the old file afterwards is told to try again (Store.exclusively).
 */
import { Database } from "bun:sqlite";
import fs from "node:fs";
import { FairwayError } from "../../errors.ts";
import { tryByteLock } from "../../kernel/byte-lock.ts";
import { asLedgerError, isBusy } from "../../ledger/failures.ts";
import { ledgerFileName, rebuildMarkName, sideSuffixes } from "../../ledger/folder.ts";
import { type Ledger, openLedger } from "../../ledger/ledger.ts";
import { defaultBusyTimeoutMs } from "../../ledger/store.ts";
import { bootId } from "../../node/facts/open.ts";

export interface Replaced<T> {
  value: T;
  /** Where the old files are now. */
  kept: string[];
}

export const isBeingReplaced = (dir: string): boolean => fs.existsSync(`${dir}/${rebuildMarkName}`);

/**
 * Takes the lock of the old file, if it can be had. If SQLite cannot lock a file, it lets nobody write it
 * either.
 */
function lockOld(file: string): Disposable {
  let db: Database | undefined;
  const close = { [Symbol.dispose]: () => db?.close() };
  try {
    db = new Database(file, { readwrite: true, create: false });
    db.run(`PRAGMA busy_timeout = ${defaultBusyTimeoutMs}`);
    db.run("BEGIN IMMEDIATE");
  } catch (error) {
    if (isBusy(error)) {
      close[Symbol.dispose]();
      throw asLedgerError(error, file, defaultBusyTimeoutMs);
    }
  }
  return close;
}

/** A name that no earlier rebuild has used. */
function asideName(file: string): string {
  const stamp = new Date().toISOString().replaceAll(":", "");
  for (let n = 1; ; n++) {
    const name = `${file}.damaged-${stamp}${n === 1 ? "" : `-${n}`}`;
    if (!fs.existsSync(name)) return name;
  }
}

/** The write-ahead log belongs to its file, so both get names that go together. */
function moveAside(file: string): string[] {
  const aside = asideName(file);
  return ["", ...sideSuffixes].flatMap((suffix) => {
    if (fs.lstatSync(`${file}${suffix}`, { throwIfNoEntry: false }) === undefined) return [];
    fs.renameSync(`${file}${suffix}`, `${aside}${suffix}`);
    return [`${aside}${suffix}`];
  });
}

function filled<T>(folder: string, fill: (ledger: Ledger) => T): T {
  // Whoever closes it last puts the log's content into the file.
  using ledger = openLedger({ dir: folder, bootId: bootId() });
  return fill(ledger);
}

/**
 * Throws tryAgain where another process is at it, and what `fill` throws; then the old file is where it was.
 */
export function replaceLedger<T>(dir: string, fill: (ledger: Ledger) => T): Replaced<T> {
  const mark = `${dir}/${rebuildMarkName}`;
  const file = `${dir}/${ledgerFileName}`;
  // A mark that is there was left by one who died at it: what is there may be half moved, and stays forbidden
  // until we are done.
  let isMoved = isBeingReplaced(dir);
  using alone = tryByteLock(mark, 0);
  if (alone === null)
    throw new FairwayError(
      "tryAgain",
      `another process rebuilds the ledger in ${dir}`,
      "let it end; `ps` shows it as fairway repair",
    );
  const folder = fs.mkdtempSync(`${dir}/rebuild-`);
  try {
    using _old = lockOld(file);
    const value = filled(folder, fill);
    isMoved = true;
    const kept = moveAside(file);
    fs.renameSync(`${folder}/${ledgerFileName}`, file);
    isMoved = false;
    return { value, kept };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
    if (!isMoved) fs.rmSync(mark, { force: true });
  }
}
