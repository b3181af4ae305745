/** Opens the SQLite file: to work with it, to look at it, or as a copy in memory. */
import { constants, Database } from "bun:sqlite";
import { effect } from "../effect.ts";
import { asLedgerError, isBusy, unusable } from "./failures.ts";
import { checkedVersion, isBehind } from "./file-version.ts";
import {
  existingFile,
  existingFileChecked,
  isSettledReadOnly,
  ledgerFileName,
  prepareFolder,
  refuseWhileRebuilt,
} from "./folder.ts";
import { keepOlder } from "./keep-older.ts";
import { schemaVersion, upgradeFrom } from "./schema.ts";
import { schemaOf } from "./schema-version.ts";
import { defaultBusyTimeoutMs, Store, type StoreOptions, waitOf } from "./store.ts";

/**
 * After this many pages the contents of the log are written into the file. That takes two waits for the disk
 * in about every sixth verb. Whoever opens the ledger reads the whole log, so it should not be much longer.
 */
const logPages = 100;

/**
 * The runtime keeps this many prepared statements of a ledger. It is more than there are, for a process that
 * keeps the ledger, too.
 */
Database.MAX_QUERY_CACHE_SIZE = 200;

/** Throws ledgerUnusable, or tryAgain if others hold the lock all the time. */
export function openStore(options: StoreOptions): Store {
  checkBootId(options.bootId);
  const file = prepareFolder(options.dir);
  const wait = waitOf(options);
  return guardedOpen(file, wait.setMs, { readwrite: true, create: false }, (db) => {
    const found = checkedVersion(db, file);
    // This is checked again now that all of its files are open: nobody moves them before the mark is there.
    refuseWhileRebuilt(options.dir);
    if (isBehind(found)) useWal(db, file, wait.setMs);
    db.run(
      `PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = ${logPages}`,
    );
    if (isBehind(found)) upgrade(db, file);
    return new Store(db, file, options.bootId, wait);
  });
}

/**
 * Returns null if no ledger has been made yet. An older file is brought to this version first. Throws as
 * `openStore`.
 */
export function openStoreReadonly(options: StoreOptions): Store | null {
  checkBootId(options.bootId);
  const file = existingFile(options.dir);
  if (file === null) return null;
  const wait = waitOf(options);
  const open = (): { found: number; store: Store | null } =>
    guardedOpen(file, wait.setMs, viewMode(file), (db) => {
      const found = checkedVersion(db, file);
      refuseWhileRebuilt(options.dir);
      if (!isBehind(found)) return { found, store: new Store(db, file, options.bootId, wait) };
      db.close();
      return { found, store: null };
    });
  const { found, store } = open();
  // 0 means that the file is between its creation and its first transaction.
  if (store !== null || found === 0) return store;
  openStore(options).close();
  return open().store;
}

/**
 * Opens a copy in memory of what the ledger holds at this moment, with this version's schema. The copy is
 * empty if no ledger has been made yet. What is written to it is nowhere else, and no lock is taken. Throws
 * as `openStore`.
 */
export function openStoreCopy(options: StoreOptions): Store {
  checkBootId(options.bootId);
  const wait = waitOf(options);
  const existing = existingFileChecked(options.dir);
  const file = existing ?? `${options.dir}/${ledgerFileName}`;
  try {
    const db = existing === null ? new Database(":memory:", { strict: true }) : inMemory(existing);
    refuseWhileRebuilt(options.dir);
    const found = checkedVersion(db, file);
    if (isBehind(found)) db.run(upgradeFrom(found));
    db.run("PRAGMA foreign_keys = ON");
    return new Store(db, file, options.bootId, wait);
  } catch (error) {
    throw asLedgerError(error, file, wait.setMs);
  }
}

/** A database in memory has no log, so its header must not ask for one (sqlite3_deserialize, "WAL mode"). */
function inMemory(file: string): Database {
  const from = effect("ledger", "OPEN", () => openToLook(file));
  try {
    const bytes = from.serialize();
    // These two bytes are the file format versions for writing and for reading. 1 stands for the rollback
    // journal.
    bytes.fill(1, 18, 20);
    return Database.deserialize(bytes, { strict: true });
  } finally {
    from.close();
  }
}

function checkBootId(bootId: string): void {
  if (bootId !== "") return;
  throw unusable("the boot id is empty", "see /proc/sys/kernel/random/boot_id");
}

type Mode = { readonly: true } | { readwrite: true; create: false } | "immutable";

/**
 * SQLite writes beside a file in WAL mode even to look at it. Where nothing can be written, nobody changes
 * the file either, so it is read as it is.
 */
function viewMode(file: string): Mode {
  return isSettledReadOnly(file) ? "immutable" : { readonly: true };
}

function openDatabase(file: string, mode: Mode): Database {
  if (mode !== "immutable") return new Database(file, { ...mode, strict: true });
  const { SQLITE_OPEN_READONLY, SQLITE_OPEN_URI } = constants;
  return new Database(
    `file:${encodeURI(file).replace(/[?#]/g, encodeURIComponent)}?immutable=1`,
    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
  );
}

/**
 * Opens the file for looking only. The caller has to close it. It waits as long as a verb does: whoever
 * closes the file last, or finds it after a crash, has it alone for a moment. Throws what SQLite says.
 */
export function openToLook(file: string): Database {
  const db = openDatabase(file, viewMode(file));
  db.run(`PRAGMA busy_timeout = ${defaultBusyTimeoutMs}`);
  return db;
}

function guardedOpen<T>(
  file: string,
  busyTimeoutMs: number,
  mode: Mode,
  then: (db: Database) => T,
): T {
  let db: Database | undefined;
  try {
    db = effect("ledger", "OPEN", () => openDatabase(file, mode));
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    return then(db);
  } catch (error) {
    db?.close();
    throw asLedgerError(error, file, busyTimeoutMs);
  }
}

/**
 * The mode belongs to the file, so only the first opener sets it, before it makes the tables. SQLite does not
 * call the busy handler for the switch itself, so this needs a loop.
 */
function useWal(db: Database, file: string, busyTimeoutMs: number): void {
  const deadlineMs = performance.now() + busyTimeoutMs;
  const mode = (sql: string) => db.query<{ journal_mode: string }, []>(sql).get()?.journal_mode;
  for (;;) {
    try {
      if (mode("PRAGMA journal_mode") === "wal") return;
      const found = effect("ledger", "PRAGMA journal_mode = WAL", () =>
        mode("PRAGMA journal_mode = WAL"),
      );
      if (found === "wal") return;
      throw unusable(
        `the ledger ${file} cannot be put into WAL mode, it stays in ${found}`,
        "set dataDir to a folder on a local disk",
      );
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadlineMs) throw error;
      Bun.sleepSync(1 + Math.random() * 4);
    }
  }
}

function upgrade(db: Database, file: string): void {
  const run = (sql: string) => effect("ledger", sql.slice(0, 60), () => db.run(sql));
  run("BEGIN IMMEDIATE");
  try {
    // Another first opener may have been faster.
    const found = checkedVersion(db, file);
    // After an addition an older program goes on with the file, and needs no copy of it.
    const isOldFormat = schemaOf(found).format < schemaOf(schemaVersion).format;
    if (found > 0 && isOldFormat) keepOlder(db, file, found);
    if (isBehind(found)) run(upgradeFrom(found));
    run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}
