/**
 * The folder and the files of the ledger, before SQLite opens them. Only their owner can write to the folder,
 * and the owner is root or ourselves. So what is checked here is what is opened afterwards.
 */
import fs from "node:fs";
import { effect } from "../effect.ts";
import { messageOf } from "../errors.ts";
import { folderOf } from "../paths.ts";
import { unusable } from "./failures.ts";

export const ledgerFileName = "ledger.db";
/** The suffixes of the files that SQLite makes beside it. */
export const sideSuffixes = ["-wal", "-shm", "-journal"] as const;
/**
 * This file exists while a ledger is rebuilt from other records. It stays if the process died while it did
 * that.
 */
export const rebuildMarkName = "ledger.rebuild";

const folderMode = 0o700;
const fileMode = 0o600;
const writableByAll = 0o002;
const writableByOthers = 0o022;
/** S_ISVTX. Whoever may write to the folder still cannot rename what belongs to somebody else. */
const sticky = 0o1000;

/**
 * The file systems on which SQLite's locks and shared memory do not work, by f_type from linux/magic.h. FUSE
 * is not among them, since it may be local.
 */
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
 * Makes the folder and an empty file if there are none, and returns the file's path. Throws ledgerUnusable
 * for a folder or file that others could write to, and for a network file system.
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
  refuseWhileRebuilt(dir);
  const file = `${dir}/${ledgerFileName}`;
  createFile(file);
  checkFiles(file);
  return file;
}

/**
 * Throws ledgerUnusable during a rebuild. Between its first and its last step nobody may use the file that is
 * there as the ledger.
 */
export function refuseWhileRebuilt(dir: string): void {
  const mark = `${dir}/${rebuildMarkName}`;
  if (fs.lstatSync(mark, { throwIfNoEntry: false }) === undefined) return;
  throw unusable(
    `the ledger in ${dir} is being rebuilt, or its rebuilding was broken off (${mark} is there)`,
    "let `fairway repair --rebuild` end, or run it again: it begins anew",
  );
}

/** Identifies the file itself and not its name, because another file may take its place. */
export function identityOf(file: string): string | null {
  return identity(fs.statSync(file, { throwIfNoEntry: false }));
}

/** The ledger's files as they lie there at one moment. */
export interface FilesSeen {
  /** null means that there is none. */
  file: string | null;
  bytes: number;
  /** The write-ahead log and its index, which stay the same for as long as anybody has the ledger open. */
  beside: string;
  /** Who may do what to all of it, and to the folders above: what `prepareFolder` judges. */
  rights: string;
}

const identity = (stat: fs.Stats | undefined): string | null =>
  stat === undefined ? null : `${stat.dev}:${stat.ino}`;

const rightsOf = (stat: fs.Stats | undefined): string =>
  stat === undefined ? "" : `${stat.dev}:${stat.ino}:${stat.mode}:${stat.uid}`;

/** The folder itself and all above it. */
function foldersTo(dir: string): string[] {
  const above = folderOf(dir);
  return above === dir ? [dir] : [dir, ...foldersTo(above)];
}

export function filesSeen(file: string): FilesSeen {
  const dir = folderOf(file);
  const look = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false });
  const own = look(file);
  const [log, index, journal] = sideSuffixes.map((suffix) => look(`${file}${suffix}`));
  const folders = foldersTo(dir).map((path) => fs.statSync(path, { throwIfNoEntry: false }));
  const mark = look(`${dir}/${rebuildMarkName}`);
  return {
    file: identity(own),
    bytes: own?.size ?? 0,
    beside: `${identity(log)} ${identity(index)}`,
    rights: [own, log, index, journal, mark, ...folders].map(rightsOf).join(" "),
  };
}

/** The file's path if there is one. Throws ledgerUnusable if that cannot be found out. */
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

/** The file's path if there is one, checked as `prepareFolder` does. Makes nothing. Throws ledgerUnusable. */
export function existingFileChecked(dir: string): string | null {
  const file = existingFile(dir);
  if (file === null) return null;
  checkFolder(dir);
  checkFiles(file);
  return file;
}

function isOnReadOnly(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

/** Whether the file is on a read-only file system, and everything that was written is in the file itself. */
export function isSettledReadOnly(file: string): boolean {
  if (!isOnReadOnly(file)) return false;
  return (fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/**
 * For whoever keeps the ledger open. What was opened before goes on to write through its own mount, and what
 * is opened now cannot write for as long as it is open, whatever becomes of the file system. Throws
 * ledgerUnusable.
 */
export function refuseReadOnly(dir: string): void {
  const file = `${dir}/${ledgerFileName}`;
  if (!isOnReadOnly(file)) return;
  throw unusable(
    `the ledger ${file} cannot be opened for writing: its file system is read-only`,
    `remount it (findmnt -T ${file}); see the kernel's log for errors of that disk`,
  );
}

/** The name of a network file system by its f_type (statfs(2)). It is null for any other. */
export function networkFileSystem(type: number): string | null {
  // The word is signed, so types above 2^31 may be negative.
  return networkFileSystems.get(type >>> 0) ?? null;
}

/**
 * Who can put something else in the folder's place, in words. null means that only root and ourselves can.
 */
export function faultOfFolder(
  { mode, uid }: Pick<fs.Stats, "mode" | "uid">,
  ownUid: number,
): string | null {
  if ((mode & writableByAll) !== 0) return `is writable by everyone (mode ${octal(mode)})`;
  if ((mode & writableByOthers) !== 0) return `is writable by its group (mode ${octal(mode)})`;
  return uid === 0 || uid === ownUid ? null : `belongs to uid ${uid}, who could replace the ledger`;
}

/** The nearest folder above in which anybody could rename things. */
function openFolderAbove(dir: string): string | null {
  for (let above = folderOf(dir); ; above = folderOf(above)) {
    const { mode } = fs.statSync(above);
    if ((mode & writableByAll) !== 0 && (mode & sticky) === 0) return above;
    if (above === folderOf(above)) return null;
  }
}

/** Throws ledgerUnusable for a network file system, which is recognised by its type (statfs(2)). */
export function refuseNetworkFileSystem(dir: string, type: number): void {
  const name = networkFileSystem(type);
  if (name === null) return;
  throw unusable(
    `the ledger's folder ${dir} is on a network file system (${name}), which cannot lock it`,
    "set dataDir to a folder on a local disk",
  );
}

function checkFolder(dir: string): void {
  const fault = faultOfFolder(fs.statSync(dir), process.geteuid?.() ?? 0);
  if (fault !== null) {
    throw unusable(
      `the ledger's folder ${dir} ${fault}`,
      `chown root: ${dir} and chmod ${octal(folderMode)} ${dir}, after a look at what is in it, or set dataDir to a folder of root's`,
    );
  }
  const above = openFolderAbove(fs.realpathSync(dir));
  if (above !== null) {
    throw unusable(
      `the ledger's folder ${dir} lies in ${above}, which is writable by everyone and not sticky: anybody could put another in its place`,
      `chmod o-w ${above}, or set dataDir to a folder of root's`,
    );
  }
  refuseNetworkFileSystem(dir, fs.statfsSync(dir).type);
}

/**
 * Whoever is first makes the file, with the right mode from the first moment. An existing file is not even
 * opened: closing it would drop the locks that SQLite holds on it elsewhere in this process (fcntl(2)).
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

function checkFiles(file: string): void {
  checkFile(file, fs.lstatSync(file));
  for (const suffix of sideSuffixes) {
    // These files are absent most of the time, and another process may remove them at any moment.
    const stat = fs.lstatSync(`${file}${suffix}`, { throwIfNoEntry: false });
    if (stat !== undefined) checkFile(`${file}${suffix}`, stat);
  }
}

/**
 * Throws ledgerUnusable for a link, for anything that is not a file, and for a file that others can write to.
 */
function checkFile(file: string, stat: fs.Stats): void {
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
