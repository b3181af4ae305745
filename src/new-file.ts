/**
 * A file gets its new content under another name beside it, and then its own name by a rename: nobody meets half
 * of it, whatever ends this process or the machine.
 */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { effect } from "./effect.ts";

/**
 * The other name. It has the process's id, so that `install` and `uninstall` know what one that died has left. No
 * runtime takes it for a network: containerd 1.6 tells an error of each file that looks like one and is none.
 */
export const beside = (path: string, what: "new" | "former"): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${what}`);

/** A power loss must not undo what was renamed or removed in it. */
export function syncFolder(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    effect("file", "sync the folder", () => fs.fsyncSync(fd));
  } finally {
    fs.closeSync(fd);
  }
}

/** A power loss must not leave an empty file where it is renamed to. */
function writeSynced(path: string, text: string, mode: number): void {
  const { O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW } = fs.constants;
  const flags = O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW;
  const fd = effect("file", "open", () => fs.openSync(path, flags, mode));
  try {
    effect("file", "write", () => fs.writeFileSync(fd, text));
    effect("file", "chmod", () => fs.fchmodSync(fd, mode));
    effect("file", "sync", () => fs.fsyncSync(fd));
  } finally {
    fs.closeSync(fd);
  }
}

/** Throws what the file system says. What was there stays then. */
export function replaceFile(path: string, text: string, mode: number): void {
  const next = beside(path, "new");
  try {
    writeSynced(next, text, mode);
    effect("file", "rename", () => fs.renameSync(next, path));
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
