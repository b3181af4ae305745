/** Turns SQLite's errors into ours. They tell what went wrong with which file, and what to do about it. */
import { SQLiteError } from "bun:sqlite";
import { FairwayError, messageOf } from "../errors.ts";

export function unusable(msg: string, details: string, cause?: unknown): FairwayError {
  return new FairwayError("ledgerUnusable", msg, details, { cause });
}

export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code ?? "");
}

export function isConstraint(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_CONSTRAINT");
}

interface Row {
  codes: RegExp;
  fault: string;
  advice: (file: string) => string;
}

const rows: Row[] = [
  {
    codes: /^SQLITE_(CORRUPT|NOTADB)/,
    fault: "is damaged or no SQLite database",
    advice: (file) =>
      `\`fairway repair --rebuild\` makes it anew from the kernel and the runtime's records, and keeps ${file}, ${file}-wal and ${file}-shm under other names; until then no pod starts or ends here, and those that run keep their network`,
  },
  {
    codes: /^SQLITE_(CANTOPEN|PERM|AUTH|READONLY)/,
    fault: "cannot be opened for writing",
    advice: (file) =>
      `run as root, on a file system that is not read-only (findmnt -T ${file}); see ls -l ${file}`,
  },
  {
    // The second code means that there is no room for the index of the write-ahead log, which everybody who
    // opens the file needs.
    codes: /^SQLITE_(FULL|IOERR_SHMSIZE)/,
    fault: "cannot grow: its file system is full",
    advice: (file) =>
      `free space on the file system of ${file} (df); until then no pod starts or ends here, and those that run keep their network`,
  },
  {
    codes: /^SQLITE_IOERR/,
    fault: "cannot be read or written",
    advice: (file) => `see the kernel's log for errors of the disk that holds ${file}`,
  },
];

/**
 * Returns `error` itself if it is not SQLite's. Otherwise it returns tryAgain for a lock that others hold,
 * and ledgerUnusable for the rest.
 */
export function asLedgerError(error: unknown, file: string, busyTimeoutMs: number): unknown {
  if (!(error instanceof SQLiteError)) return error;
  if (isBusy(error)) {
    return new FairwayError(
      "tryAgain",
      `the ledger ${file} stayed locked by another process for ${busyTimeoutMs} ms`,
      `try again; if it stays so, fuser ${file} names the process`,
      { cause: error },
    );
  }
  const row = rows.find(({ codes }) => codes.test(error.code ?? ""));
  const fault = row?.fault ?? "refused a statement";
  const advice = row?.advice(file) ?? "report this with the version of fairway";
  return unusable(`the ledger ${file} ${fault}: ${messageOf(error)}`, advice, error);
}
