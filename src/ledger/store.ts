/** The lock and the statements of an open SQLite file. The other files know what the tables mean. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { folderOf } from "../paths.ts";
import { patienceMs } from "../patience.ts";
import { asLedgerError, isBusy } from "./failures.ts";
import { checkedVersion, isBehind } from "./file-version.ts";
import { type FilesSeen, filesSeen, identityOf, prepareFolder } from "./folder.ts";
import { faultsOf } from "./sound.ts";

/**
 * Hundreds of processes that come at once each have their turn in this time, and it is shorter than any
 * runtime's deadline (two minutes), also after a launcher has waited in vain for its agent.
 */
export const defaultBusyTimeoutMs = 30_000;

/** For a process that empties the log itself while nobody waits for it. The log has 4 MiB then at most. */
const residentLogPages = 1_000;

export interface StoreOptions {
  dir: string;
  /** The content of /proc/sys/kernel/random/boot_id. */
  bootId: string;
  busyTimeoutMs?: number;
}

/** How long others' locks are waited for. */
export interface Wait {
  /** In a process of one verb. */
  usualMs: number;
  /** What SQLite was told at the opening. */
  setMs: number;
}

export const waitOf = ({ busyTimeoutMs: usualMs = defaultBusyTimeoutMs }: StoreOptions): Wait => ({
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
