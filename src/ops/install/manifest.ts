/**
 * Keeps beside the ledger what `install` did. `uninstall` and `doctor` find there where it put things, and
 * which folders were made for it.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type ChainRecord, isChainRecord, recordFileName } from "../../chain/record.ts";
import { isObject } from "../../config/section.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import type { Places } from "./places.ts";

export interface Manifest extends Omit<Places, "unitDir"> {
  /** The folders that were not there before, from above. */
  foldersMade: string[];
  /**
   * The ledger's folder, in which this file itself lies: so a copy elsewhere can be recognised. An older
   * version did not write it.
   */
  dataDir?: string;
  /** An older version did not write it, and knew no unit. */
  unitDir?: string;
  /** How Fairway stands behind another network; without it Fairway has a network of its own. */
  chain?: ChainRecord;
}

export const manifestFile = (dataDir: string): string => join(dataDir, recordFileName);

export const manifestText = (manifest: Manifest): string =>
  `${JSON.stringify(manifest, null, 2)}\n`;

/** null means that there is none. Throws io, decode. */
export function readManifest(dataDir: string): Manifest | null {
  const file = manifestFile(dataDir);
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new FairwayError("io", `cannot read ${file}: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  }
  const found: unknown = parsed(text);
  if (isManifest(found)) return found;
  throw new FairwayError(
    "decode",
    `${file} is not what \`fairway install\` wrote`,
    `remove ${file}, and give --bin-dir, --conf-dir and --conf-file where they are not the usual ones`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false;
  const { binDir, confDir, confFile, foldersMade, dataDir, unitDir, chain } = value;
  return (
    (chain === undefined || isChainRecord(chain)) &&
    [dataDir, unitDir].every((each) => each === undefined || typeof each === "string") &&
    [binDir, confDir, confFile].every((each) => typeof each === "string") &&
    Array.isArray(foldersMade) &&
    foldersMade.every((each) => typeof each === "string")
  );
}
