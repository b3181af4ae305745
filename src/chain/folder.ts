/** Reads the folder in which a runtime looks for its networks. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isConfName } from "../config/conf-names.ts";
import { FairwayError, messageOf } from "../errors.ts";
import type { FolderFile } from "./decide.ts";

/** No configuration is so large. Whoever puts a larger file there must not fill the memory. */
const maxBytes = 1 << 20;

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** [] means that it is gone, or a folder: libcni leaves these out. */
function fileAt(dir: string, name: string): FolderFile[] {
  const path = join(dir, name);
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return [];
    if (stat.size > maxBytes) return [{ name, fault: `it has more than ${maxBytes} bytes` }];
    return [{ name, text: readFileSync(path, "utf8") }];
  } catch (error) {
    return isGone(error) ? [] : [{ name, fault: messageOf(error) }];
  }
}

/** There are none where there is no folder. Throws io. */
export function readFolder(dir: string): FolderFile[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (isGone(error)) return [];
    throw new FairwayError(
      "io",
      `cannot read ${dir}: ${messageOf(error)}`,
      "it is where the runtime reads its networks (--conf-dir), and root's to read",
      { cause: error },
    );
  }
  return names.filter(isConfName).flatMap((name) => fileAt(dir, name));
}
