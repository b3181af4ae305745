/** Puts the copy into its place, whole or not at all, and takes it away. */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { effect } from "../effect.ts";
import { orFail } from "../errors.ts";

/** Only root may read it, as the CIS benchmark wants it. */
const mode = 0o600;

const advice =
  "the agent needs to write there: root, and a file system that is not read-only and has space";

/**
 * No runtime reads a name that ends so: containerd 1.6 tells an error of each file that looks like a network and
 * is none. `install` and `uninstall` know the name, too, and remove what one that died has left.
 */
const besideOf = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.new`);

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    effect("file", "sync the folder", () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}

function writeNew(path: string, text: string): void {
  const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
  const fd = effect("file", "open", () => openSync(path, O_CREAT | O_TRUNC | O_WRONLY, mode));
  try {
    effect("file", "write", () => writeFileSync(fd, text));
    effect("file", "chmod", () => fchmodSync(fd, mode));
    // A power loss must not leave an empty file in the copy's place.
    effect("file", "sync", () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Throws io; then what was there is there still. */
export function putFile(path: string, text: string): void {
  const beside = besideOf(path);
  orFail("io", `cannot write ${path}`, advice, () => {
    try {
      writeNew(beside, text);
      effect("file", "rename", () => renameSync(beside, path));
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
  });
}

/** Throws io. */
export function takeFile(path: string): void {
  orFail("io", `cannot remove ${path}`, advice, () => {
    effect("file", "rm", () => rmSync(path, { force: true }));
    syncFolder(dirname(path));
  });
}
