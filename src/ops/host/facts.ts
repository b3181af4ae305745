/** Looks at an executable and at the host that is to run it. Nothing is started. */
import fs from "node:fs";
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { type Executable, executableOf, type Machine } from "./elf.ts";
import { decidingFiles, type Host, type Misfit, misfitOf } from "./fits.ts";

const machines: Readonly<Record<string, Machine>> = { x64: "x64", arm64: "arm64" };

/** Throws what the file system throws. */
export function readExecutable(path: string): Executable | null {
  const fd = fs.openSync(path, "r");
  try {
    return executableOf((at, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, at));
    });
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * The root of whoever runs the plugin. In a container that sees the node's processes (hostPID) it is the root
 * of the first of them; elsewhere it is our own.
 */
export function rootOfNode(): string {
  try {
    const first = "/proc/1/root/";
    const [theirs, ours] = [fs.statSync(first), fs.statSync("/")];
    return theirs.ino === ours.ino && theirs.dev === ours.dev ? "/" : first;
  } catch {
    // Only root may look there.
    return "/";
  }
}

/** A link counts as well: where it leads is right on that root only. */
const isThere = (path: string): boolean => {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
};

function processorFlags(): ReadonlySet<string> | null {
  try {
    const line = /^flags\s*:(.*)$/m.exec(fs.readFileSync("/proc/cpuinfo", "utf8"))?.[1];
    return line === undefined ? null : new Set(line.trim().split(/\s+/));
  } catch {
    return null;
  }
}

function hostFor(executable: Executable | null, root: string): Host {
  const files = decidingFiles(executable).filter((path) => isThere(join(root, path)));
  return {
    machine: machines[process.arch] ?? null,
    files: new Set(files),
    flags: processorFlags(),
  };
}

/** null means that the node can run the file. Throws what the file system throws. */
export function misfitHere(path: string, root: string = rootOfNode()): Misfit | null {
  const executable = readExecutable(path);
  return misfitOf(executable, hostFor(executable, root));
}

/** Throws unavailable where the node cannot run the file that is about to be placed there. */
export function requireRunsHere(path: string): void {
  const misfit = misfitHere(path);
  if (misfit === null) return;
  throw new FairwayError(
    "unavailable",
    `this node cannot run ${path}: ${misfit.why}`,
    `nothing was placed; ${misfit.todo}`,
  );
}
