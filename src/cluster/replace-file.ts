/** Replaces a file by a rename, so that nobody meets half of it, whatever ends this process or the machine. */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { effect } from "../effect.ts";

function sync(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    effect("file", "sync the folder", () => fs.fsyncSync(fd));
  } finally {
    fs.closeSync(fd);
  }
}

/** Throws what the file system says. The file that was there stays then. */
export function replaceFile(path: string, text: string, mode: number): void {
  // A name that `install` knows as one of a run that died. No runtime takes it for a configuration.
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    const { O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW } = fs.constants;
    const flags = O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW;
    const fd = effect("file", "open", () => fs.openSync(beside, flags, mode));
    try {
      effect("file", "write", () => fs.writeFileSync(fd, text));
      effect("file", "chmod", () => fs.fchmodSync(fd, mode));
      effect("file", "sync", () => fs.fsyncSync(fd));
    } finally {
      fs.closeSync(fd);
    }
    effect("file", "rename", () => fs.renameSync(beside, path));
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw error;
  }
  sync(dirname(path));
}
