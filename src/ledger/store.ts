/** The SQLite file: opening, the lock, statements. The other files know what the tables mean. */
import { constants, Database, type SQLQueryBindings } from "bun:sqlite";
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { folderOf } from "../paths.ts";
import { patienceMs } from "../patience.ts";
import { asLedgerError, isBusy, unusable } from "./failures.ts";
import {
  existingFile,
  existingFileChecked,
  type FilesSeen,
  filesSeen,
  identityOf,
  isSettledReadOnly,
  ledgerFileName,
  prepareFolder,
  refuseWhileRebuilt,
} from "./folder.ts";
import { keepOlder } from "./keep-older.ts";
import { applicationId, schemaVersion, upgradeFrom } from "./schema.ts";
import { schemaOf, schemaText, standingOf } from "./schema-version.ts";
import { faultsOf } from "./sound.ts";

/**
 * Hundreds of processes that come at once each have their turn in this time, and it is shorter than any
 * runtime's deadline (two minutes), also after a launcher has waited in vain for its agent.
 */
export const defaultBusyTimeoutMs = 30_000;

/**
 * After this many pages the contents of the log are written into the file. That takes two waits for the disk
 * in about every sixth verb. Whoever opens the ledger reads the whole log, so it should not be much longer.
 */
const logPages = 100;

/** For a process that empties the log itself while nobody waits for it. The log has 4 MiB then at most. */
const residentLogPages = 1_000;

/**
 * The runtime keeps this many prepared statements of a ledger. It is more than there are, for a process that
 * keeps the ledger, too.
 */
Database.MAX_QUERY_CACHE_SIZE = 200;

export interface StoreOptions {
  dir: string;
  /** The content of /proc/sys/kernel/random/boot_id. */
  bootId: string;
  busyTimeoutMs?: number;
}

/** How long others' locks are waited for. */
interface Wait {
  /** In a process of one verb. */
  usualMs: number;
  /** What SQLite was told at the opening. */
  setMs: number;
}

const waitOf = ({ busyTimeoutMs: usualMs = defaultBusyTimeoutMs }: StoreOptions): Wait => ({
  usualMs,
  setMs: patienceMs(usualMs),
});

export class Store {
  readonly bootId: string;
  readonly file: string;
  readonly #db: Database;
  readonly #usualTimeoutMs: number;
  #busyTimeoutMs: number;
  readonly #identity: string | null;
  #isLocked = false;

  constructor(db: Database, file: string, bootId: string, wait: Wait) {
    this.#db = db;
    this.file = file;
    this.bootId = bootId;
    this.#usualTimeoutMs = wait.usualMs;
    this.#busyTimeoutMs = wait.setMs;
    this.#identity = identityOf(file);
  }

  all<Row>(sql: string, ...params: SQLQueryBindings[]): Row[] {
    return this.#guard(() => this.#db.query<Row, SQLQueryBindings[]>(sql).all(...params));
  }

  get<Row>(sql: string, ...params: SQLQueryBindings[]): Row | null {
    return this.#guard(() => this.#db.query<Row, SQLQueryBindings[]>(sql).get(...params));
  }

  /** For a statement that writes, and returns a row of what it wrote. */
  write<Row>(sql: string, ...params: SQLQueryBindings[]): Row | null {
    return this.#guard(() =>
      effect("ledger", sql, () => this.#db.query<Row, SQLQueryBindings[]>(sql).get(...params)),
    );
  }

  /** Returns the number of rows that were changed (cascades are not counted). */
  run(sql: string, ...params: SQLQueryBindings[]): number {
    return this.#guard(() =>
      effect("ledger", sql, () => this.#db.query(sql).run(...params).changes),
    );
  }

  /** Runs several statements without parameters. */
  script(sql: string): void {
    this.#guard(() => effect("ledger", sql, () => this.#db.run(sql)));
  }

  /**
   * Runs `fn` while it holds the node's lock. What `fn` writes is kept completely, or, if it throws, not at
   * all. A process that dies in it leaves nothing. Throws tryAgain if others hold the lock for the whole busy
   * timeout. Calls cannot be nested.
   */
  exclusively<T>(fn: () => T): T {
    if (this.#isLocked) throw new Error("exclusively() does not nest");
    this.#waitFor(patienceMs(this.#usualTimeoutMs));
    this.script("BEGIN IMMEDIATE");
    this.#isLocked = true;
    try {
      this.#refuseReplaced();
      const value = fn();
      if (value instanceof Promise) throw new Error("exclusively() cannot wait for a promise");
      this.script("COMMIT");
      return value;
    } catch (error) {
      this.#rollback();
      throw error;
    } finally {
      this.#isLocked = false;
    }
  }

  /** Whether nobody holds the node's lock at this moment. It is not waited for. */
  isFree(): boolean {
    this.#waitFor(0);
    try {
      this.#db.run("BEGIN IMMEDIATE");
      this.#rollback();
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw asLedgerError(error, this.file, this.#busyTimeoutMs);
    } finally {
      this.#waitFor(patienceMs(this.#usualTimeoutMs));
    }
  }

  /**
   * Checks the folder and the files as when the ledger is opened, and throws the same. Where all is as it was
   * at a look `before`, nothing of it has to be judged again.
   */
  filesSeen(before?: FilesSeen): FilesSeen {
    const now = filesSeen(this.file);
    if (now.rights === before?.rights) return now;
    prepareFolder(folderOf(this.file));
    return filesSeen(this.file);
  }

  /**
   * Whether the file still has a schema that this version can use. Throws as when the ledger is opened. It is
   * asked before each use of a ledger that stays open, so from here on others are waited for as at this moment.
   */
  hasKnownSchema(): boolean {
    this.#waitFor(patienceMs(this.#usualTimeoutMs));
    return !isBehind(this.#guard(() => checkedVersion(this.#db, this.file)));
  }

  /** From now on whoever has this open empties the log himself (emptyLog). */
  leaveLog(): void {
    this.#guard(() => this.#db.run(`PRAGMA wal_autocheckpoint = ${residentLogPages}`));
  }

  /** Writes into the file what the log holds, as far as nobody reads it. It waits for the disk twice. */
  emptyLog(): void {
    this.#guard(() => this.#db.run("PRAGMA wal_checkpoint(PASSIVE)"));
  }

  assertExclusive(what: string): void {
    if (!this.#isLocked) throw new Error(`${what} belongs inside exclusively()`);
  }

  /** Undoes what `fn` wrote if it throws, and leaves the transaction around it as it was. */
  whole<T>(fn: () => T): T {
    this.script("SAVEPOINT whole");
    try {
      const value = fn();
      this.script("RELEASE whole");
      return value;
    } catch (error) {
      this.script("ROLLBACK TO whole; RELEASE whole");
      throw error;
    }
  }

  /** What SQLite finds wrong with the file. This reads the whole file. The list is empty for a sound one. */
  faults(): string[] {
    return faultsOf(this.#db);
  }

  close(): void {
    this.#db.close();
  }

  /**
   * A process that opened the ledger before `repair --rebuild` put another in its place would write to a file
   * that nobody reads.
   */
  #refuseReplaced(): void {
    if (identityOf(this.file) === this.#identity) return;
    throw new FairwayError(
      "tryAgain",
      `the ledger ${this.file} was replaced by another file meanwhile`,
      "try again",
    );
  }

  #waitFor(busyTimeoutMs: number): void {
    if (busyTimeoutMs === this.#busyTimeoutMs) return;
    this.#db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  #rollback(): void {
    // After some errors (disk full, I/O) SQLite has already rolled back, and there is nothing left to do.
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
  }

  #guard<T>(fn: () => T): T {
    try {
      return fn();
    } catch (error) {
      throw asLedgerError(error, this.file, this.#busyTimeoutMs);
    }
  }
}

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

interface Version {
  version: number;
  application: number;
  tables: number;
}

/**
 * It is one statement, so it sees one state of the file: the first opener makes the tables while others look.
 */
const versionSql = `
  SELECT user_version AS version, application_id AS application,
    (SELECT count(*) FROM sqlite_schema) AS tables
  FROM pragma_user_version, pragma_application_id`;

const isBehind = (version: number): boolean => standingOf(version, schemaVersion) === "behind";

/** Returns 0 for an empty file. It only reads: a file that is not ours stays as it is. */
function checkedVersion(db: Database, file: string): number {
  const found = db.query<Version, []>(versionSql).get();
  if (found === null) throw unusable(`the ledger ${file} has no version`, `move ${file} away`);
  const { version, application, tables } = found;
  if (version === 0 && application === 0 && tables === 0) return 0;
  if (application !== applicationId) {
    throw unusable(
      `${file} is another program's database`,
      `move ${file} away, or set dataDir to a folder of Fairway's own`,
    );
  }
  if (standingOf(version, schemaVersion) === "ahead") {
    throw unusable(
      `the ledger ${file} has schema ${schemaText(version)}; this fairway knows ${schemaText(schemaVersion)} and older`,
      "a newer fairway wrote it: install that one again",
    );
  }
  return version;
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
