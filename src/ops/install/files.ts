/** Steps on files, done all or none. What is replaced is replaced by a rename: nobody meets half a file, or none. */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { FairwayError, messageOf } from "../../errors.ts";

export type Content = { text: string } | { copyOf: string };

export type FileStep = { path: string; words: string } & (
  | { op: "folder"; mode: number }
  | { op: "write"; mode: number; content: Content }
  | { op: "link"; target: string }
  | { op: "remove" }
  /** A folder that still holds something stays. */
  | { op: "remove-folder" }
);

type Undo = () => void;

export interface Applied {
  /** Nothing can be undone any more. */
  commit(): void;
  undo(): void;
}

/** Beside the file, for a rename; the process's id, so that the next run knows what a dead one left. */
const beside = (path: string, what: "new" | "former"): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${what}`);

const besidePattern = /^\.(.+)\.(\d+)\.(?:new|former)$/;

/** What runs that died left beside these files. */
export function abandoned(paths: readonly string[]): string[] {
  const names = new Set(paths.map((path) => basename(path)));
  return [...new Set(paths.map((path) => dirname(path)))].flatMap((dir) => {
    if (!fs.existsSync(dir)) return [];
    return fs
      .readdirSync(dir)
      .filter((name) => {
        const [, of = "", pid = ""] = besidePattern.exec(name) ?? [];
        return names.has(of) && !fs.existsSync(`/proc/${pid}`);
      })
      .map((name) => join(dir, name));
  });
}

function syncFolder(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function writeBeside(path: string, mode: number, content: Content): void {
  const { O_CREAT, O_EXCL, O_WRONLY, COPYFILE_EXCL } = fs.constants;
  if ("copyOf" in content) fs.copyFileSync(content.copyOf, path, COPYFILE_EXCL);
  const flags = "copyOf" in content ? O_WRONLY : O_CREAT | O_EXCL | O_WRONLY;
  const fd = fs.openSync(path, flags, mode);
  try {
    if ("text" in content) fs.writeFileSync(fd, content.text);
    // Past the umask, too.
    fs.fchmodSync(fd, mode);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

export const isThere = (path: string): boolean => look(path).kind !== "absent";

/** Puts what `make` makes beside a path into its place; what was there is kept for the way back. */
function place(path: string, make: (beside: string) => void): { undo: Undo; commit: Undo } {
  const [next, former] = [beside(path, "new"), beside(path, "former")];
  for (const each of [next, former]) fs.rmSync(each, { force: true });
  const replaces = isThere(path);
  try {
    make(next);
    // A second name for what is there: the first one leads to something at every moment.
    if (replaces) fs.linkSync(path, former);
    fs.renameSync(next, path);
  } catch (error) {
    for (const each of [next, former]) fs.rmSync(each, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
  return {
    undo: () => (replaces ? fs.renameSync(former, path) : fs.unlinkSync(path)),
    commit: () => fs.rmSync(former, { force: true }),
  };
}

const nothing: Undo = () => {};

function apply(step: FileStep): { undo: Undo; commit: Undo } {
  const { path } = step;
  switch (step.op) {
    case "folder":
      fs.mkdirSync(path, { mode: step.mode });
      fs.chmodSync(path, step.mode);
      return { undo: () => fs.rmdirSync(path), commit: nothing };
    case "write":
      return place(path, (next) => writeBeside(next, step.mode, step.content));
    case "link":
      return place(path, (next) => fs.symlinkSync(step.target, next));
    case "remove": {
      const former = beside(path, "former");
      fs.renameSync(path, former);
      return { undo: () => fs.renameSync(former, path), commit: () => fs.rmSync(former) };
    }
    case "remove-folder":
      // At the very end: until then what is removed lies in it under another name.
      return { undo: nothing, commit: () => removeIfEmpty(path) };
  }
}

function removeIfEmpty(path: string): void {
  if (fs.existsSync(path) && fs.readdirSync(path).length === 0) fs.rmdirSync(path);
}

/** All or none. Throws io, naming the step that failed. */
export function applyFiles(steps: readonly FileStep[]): Applied {
  const done: { undo: Undo; commit: Undo }[] = [];
  const undo = (): void => {
    for (const each of done.toReversed()) each.undo();
  };
  for (const step of steps) {
    try {
      done.push(apply(step));
    } catch (error) {
      undo();
      throw new FairwayError(
        "io",
        `could not ${step.words}: ${messageOf(error)}`,
        "run as root, on a file system that is not read-only and has space; nothing was changed",
        { cause: error },
      );
    }
  }
  return {
    undo,
    commit: () => {
      for (const each of done) each.commit();
    },
  };
}

/** A folder and those above it that are not there, from above. */
export function missingFolders(path: string): string[] {
  if (isThere(path)) return [];
  return [...missingFolders(dirname(path)), path];
}

export type Found =
  | { kind: "absent" }
  | { kind: "file" }
  | { kind: "link"; target: string }
  | { kind: "other" };

/** What a path itself is: a link is not followed. */
export function look(path: string): Found {
  let stat: fs.Stats | undefined;
  try {
    stat = fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new FairwayError(
      "io",
      `cannot look at ${path}: ${messageOf(error)}`,
      "what stands above it has to be folders, and root's to read",
      { cause: error },
    );
  }
  if (stat === undefined) return { kind: "absent" };
  if (stat.isSymbolicLink()) return { kind: "link", target: fs.readlinkSync(path) };
  return { kind: stat.isFile() ? "file" : "other" };
}
