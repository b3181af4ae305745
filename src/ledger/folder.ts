/** The folder and the file of the ledger, before SQLite sees them. */
import fs from "node:fs";
import { effect } from "../effect.ts";
import { messageOf } from "../errors.ts";
import { unusable } from "./failures.ts";

export const ledgerFileName = "ledger.db";

const folderMode = 0o700;
const fileMode = 0o600;
const writableByAll = 0o002;
const writableByOthers = 0o022;

/** Where SQLite's locks and shared memory do not hold: f_type from linux/magic.h. FUSE may be local and passes. */
const networkFileSystems = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
]);

/**
 * Makes the folder and an empty file if there are none, and returns the file's path.
 * Throws ledgerUnusable for what others could write to, and for a network file system.
 */
export function prepareFolder(dir: string): string {
  try {
    effect("file", "make the ledger's folder", () =>
      fs.mkdirSync(dir, { recursive: true, mode: folderMode }),
    );
  } catch (error) {
    throw unusable(
      `the ledger's folder ${dir} cannot be made: ${messageOf(error)}`,
      "run as root, or set dataDir to a folder that can be made",
      error,
    );
  }
  checkFolder(dir);
  const file = `${dir}/${ledgerFileName}`;
  createFile(file);
  checkFile(file);
  return file;
}

/** The file's path if there is one. Throws ledgerUnusable if that cannot be told. */
export function existingFile(dir: string): string | null {
  const file = `${dir}/${ledgerFileName}`;
  try {
    return fs.statSync(file, { throwIfNoEntry: false }) === undefined ? null : file;
  } catch (error) {
    throw unusable(
      `the ledger ${file} cannot be looked at: ${messageOf(error)}`,
      "run as root",
      error,
    );
  }
}

/** The name of a network file system by its f_type (statfs(2)); null for any other. */
export function networkFileSystem(type: number): string | null {
  // A signed word: the types above 2^31 may come negative.
  return networkFileSystems.get(type >>> 0) ?? null;
}

function checkFolder(dir: string): void {
  const { mode } = fs.statSync(dir);
  if ((mode & writableByAll) !== 0) {
    throw unusable(
      `the ledger's folder ${dir} is writable by everyone (mode ${octal(mode)})`,
      `chmod ${octal(folderMode)} ${dir}, or set dataDir to a folder of root's`,
    );
  }
  const name = networkFileSystem(fs.statfsSync(dir).type);
  if (name !== null) {
    throw unusable(
      `the ledger's folder ${dir} is on a network file system (${name}), which cannot lock it`,
      "set dataDir to a folder on a local disk",
    );
  }
}

/**
 * With its mode from the first moment, by whoever is first. An existing file is not even opened:
 * closing it would drop the locks that SQLite holds on it elsewhere in this process (fcntl(2)).
 */
function createFile(file: string): void {
  const { O_CREAT, O_EXCL, O_RDWR } = fs.constants;
  try {
    effect("file", "make the ledger", () =>
      fs.closeSync(fs.openSync(file, O_CREAT | O_EXCL | O_RDWR, fileMode)),
    );
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw unusable(
      `the ledger ${file} cannot be made: ${messageOf(error)}`,
      "run as root, on a file system that is not read-only and has space",
      error,
    );
  }
}

function checkFile(file: string): void {
  const stat = fs.lstatSync(file);
  if (!stat.isFile()) {
    throw unusable(`the ledger ${file} is not a plain file`, `move ${file} away`);
  }
  if ((stat.mode & writableByOthers) !== 0) {
    throw unusable(
      `the ledger ${file} is writable by others than its owner (mode ${octal(stat.mode)})`,
      `chmod ${octal(fileMode)} ${file}`,
    );
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
