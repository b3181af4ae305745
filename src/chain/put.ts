/** Puts the copy into its place, whole or not at all, and takes it away. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { effect } from "../effect.ts";
import { orFail } from "../errors.ts";
import { replaceFile, syncFolder } from "../new-file.ts";

/** Only root may read it, as the CIS benchmark wants it. */
const mode = 0o600;

const advice =
  "the agent needs to write there: root, and a file system that is not read-only and has space";

/** Throws io; then what was there is there still. */
export function putFile(path: string, text: string): void {
  orFail("io", `cannot write ${path}`, advice, () => replaceFile(path, text, mode));
}

/** Throws io. */
export function takeFile(path: string): void {
  orFail("io", `cannot remove ${path}`, advice, () => {
    effect("file", "rm", () => rmSync(path, { force: true }));
    syncFolder(dirname(path));
  });
}
