/**
 * Applies steps on files, all or none. A file is replaced by a rename, so that nobody meets half a file, or
 * none.
 */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { effect } from "../../effect.ts";
import { FairwayError, messageOf, orFail } from "../../errors.ts";
import { beside, syncFolder } from "../../new-file.ts";
import { runEffect } from "../child.ts";
import { rootOfNode } from "../host/facts.ts";

type Content = { text: string } | { copyOf: string };

export type FileStep = {
  path: string;
  words: string;
  /** Whoever watches this folder is to look into it then, and once more where the step is undone. */
  stirs?: string;
} & (
  | { op: "folder"; mode: number }
  | { op: "write"; mode: number; content: Content; proof?: Proof }
  | { op: "link"; target: string }
  /** What is there gets this mode. */
  | { op: "mode"; mode: number }
  | { op: "remove" }
  /** The file is removed at the very end, in its place among the folders. */
  | { op: "remove-last" }
  /** A folder that still holds something stays. */
  | { op: "remove-folder" }
);

/** A program is run with these arguments before it takes its place, and has to say this. */
interface Proof {
  args: string[];
  says: string;
}

type Undo = () => void;

const nothing: Undo = () => {};

/** The calls that change a file system. */
const disk = {
  rm: (path: string): void => effect("file", "rm", () => fs.rmSync(path, { force: true })),
  mkdir: (path: string, mode: number): void =>
    effect("file", "mkdir", () => void fs.mkdirSync(path, { mode })),
  chmod: (path: string, mode: number): void =>
    effect("file", "chmod", () => fs.chmodSync(path, mode)),
  rmdir: (path: string): void => effect("file", "rmdir", () => fs.rmdirSync(path)),
  rename: (from: string, to: string): void =>
    effect("file", "rename", () => fs.renameSync(from, to)),
  link: (from: string, to: string): void => effect("file", "link", () => fs.linkSync(from, to)),
  symlink: (target: string, path: string): void =>
    effect("file", "symlink", () => fs.symlinkSync(target, path)),
};

export interface Applied {
  /**
   * After this nothing can be undone any more. Throws io; what was kept for the way back is still there then.
   */
  commit(): void;
  undo(): void;
}

/** What `beside` gives (new-file.ts). */
const besidePattern = /^\.(.+)\.(\d+)\.(?:new|former)$/;

/** Finds what runs that died left beside these files. */
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

function writeBeside(path: string, mode: number, content: Content): void {
  const { O_CREAT, O_EXCL, O_WRONLY, COPYFILE_EXCL } = fs.constants;
  if ("copyOf" in content)
    effect("file", "copy", () => fs.copyFileSync(content.copyOf, path, COPYFILE_EXCL));
  const flags = "copyOf" in content ? O_WRONLY : O_CREAT | O_EXCL | O_WRONLY;
  const fd = effect("file", "open", () => fs.openSync(path, flags, mode));
  try {
    if ("text" in content) effect("file", "write", () => fs.writeFileSync(fd, content.text));
    // The umask must not take anything from the mode.
    effect("file", "chmod", () => fs.fchmodSync(fd, mode));
    effect("file", "sync", () => fs.fsyncSync(fd));
  } finally {
    fs.closeSync(fd);
  }
}

const proofLimitMs = 10_000;

/** Throws where the program in `path` does not run, or says something else. */
function prove(path: string, { args, says }: Proof): void {
  const { code, stdout, stderr } = runEffect("try the program", [path, ...args], {
    timeoutMs: proofLimitMs,
  });
  if (code === 0 && stdout.includes(says)) return;
  const how = code === null ? `does not end within ${proofLimitMs / 1_000} s` : `ends with ${code}`;
  throw new Error(
    `it was tried as ${path} ${args.join(" ")}, and ${how}: ${stdout.trim() || stderr.trim() || "it says nothing"}`,
  );
}

export const isThere = (path: string): boolean => entryAt(path).kind !== "absent";

/** Puts what `make` makes beside a path into its place. What was there is kept for the way back. */
function place(path: string, make: (beside: string) => void): { undo: Undo; commit: Undo } {
  const [next, former] = [beside(path, "new"), beside(path, "former")];
  for (const each of [next, former]) disk.rm(each);
  const replaces = isThere(path);
  try {
    make(next);
    // This gives what is there a second name: the first name leads to something at every moment.
    if (replaces) disk.link(path, former);
    disk.rename(next, path);
  } catch (error) {
    for (const each of [next, former]) disk.rm(each);
    throw error;
  }
  const undo = (): void => (replaces ? disk.rename(former, path) : disk.rm(path));
  orUndo(() => syncFolder(dirname(path)), undo);
  return { undo, commit: replaces ? () => disk.rm(former) : nothing };
}

/**
 * A runtime is told of no change below a folder of its folder, and containerd takes no notice of files that only
 * come: one that comes and goes makes it read all of them anew.
 */
function stir(folder: string): void {
  const path = beside(join(folder, "fairway"), "new");
  try {
    writeBeside(path, 0o600, { text: "" });
  } finally {
    disk.rm(path);
  }
}

function orUndo(act: () => void, undo: Undo): void {
  try {
    act();
  } catch (error) {
    undo();
    throw error;
  }
}

function apply(step: FileStep): { undo: Undo; commit: Undo } {
  const { path } = step;
  switch (step.op) {
    case "folder": {
      const undo = (): void => disk.rmdir(path);
      disk.mkdir(path, step.mode);
      // The umask must not take anything from the mode.
      orUndo(() => disk.chmod(path, step.mode), undo);
      return { undo, commit: nothing };
    }
    case "write":
      return place(path, (next) => {
        writeBeside(next, step.mode, step.content);
        if (step.proof !== undefined) prove(next, step.proof);
      });
    case "link":
      return place(path, (next) => disk.symlink(step.target, next));
    case "mode": {
      const former = fs.statSync(path).mode & 0o7777;
      disk.chmod(path, step.mode);
      return { undo: () => disk.chmod(path, former), commit: nothing };
    }
    case "remove": {
      const former = beside(path, "former");
      disk.rename(path, former);
      return { undo: () => disk.rename(former, path), commit: () => disk.rm(former) };
    }
    case "remove-last":
      return { undo: nothing, commit: () => disk.rm(path) };
    case "remove-folder":
      // This comes at the very end: until then what is removed lies in it under another name.
      return { undo: nothing, commit: () => removeIfEmpty(path) };
  }
}

function applyAndTell(step: FileStep): { undo: Undo; commit: Undo } {
  const { undo, commit } = apply(step);
  const { stirs } = step;
  if (stirs === undefined) return { undo, commit };
  orUndo(() => stir(stirs), undo);
  return {
    undo: () => {
      undo();
      stir(stirs);
    },
    commit,
  };
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/** One that is a mount on the node as well is not what `install` made: it stays. */
function removeOnNode(path: string): void {
  if (!fs.existsSync(path)) return;
  try {
    disk.rmdir(path);
  } catch (error) {
    if (codeOf(error) !== "EBUSY") throw error;
  }
}

/** In a container a folder of the node's is a mount, which cannot be removed: it goes by its place on the node. */
function removeIfEmpty(path: string): void {
  if (!fs.existsSync(path) || fs.readdirSync(path).length > 0) return;
  try {
    disk.rmdir(path);
  } catch (error) {
    const root = rootOfNode();
    if (root === "/" || !["EBUSY", "EROFS"].includes(String(codeOf(error)))) throw error;
    removeOnNode(join(root, path));
  }
}

/** Applies all the steps or none. Throws io, naming the step that failed. */
export function applyFiles(steps: readonly FileStep[]): Applied {
  const done: { undo: Undo; commit: Undo }[] = [];
  const undo = (): void => {
    for (const each of done.toReversed()) each.undo();
  };
  for (const step of steps) {
    try {
      done.push(applyAndTell(step));
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
      orFail(
        "io",
        "all is done, but not all that was there before could be removed",
        "run it again when the file system takes changes",
        () => {
          for (const each of done) each.commit();
        },
      );
    },
  };
}

/** The folders of a path that are not there, from above, the path itself included. */
export function missingFolders(path: string): string[] {
  if (isThere(path)) return [];
  return [...missingFolders(dirname(path)), path];
}

export type Entry =
  | { kind: "absent" }
  | { kind: "file" }
  | { kind: "link"; target: string }
  | { kind: "other" };

/** Says what a path itself is: a link is not followed. */
export function entryAt(path: string): Entry {
  const stat = orFail(
    "io",
    `cannot look at ${path}`,
    "what stands above it has to be folders, and root's to read",
    () => fs.lstatSync(path, { throwIfNoEntry: false }),
  );
  if (stat === undefined) return { kind: "absent" };
  if (stat.isSymbolicLink()) return { kind: "link", target: fs.readlinkSync(path) };
  return { kind: stat.isFile() ? "file" : "other" };
}
