/** Tells what of an installation is on the node already, and whether it is ours or somebody else's. */
import fs from "node:fs";
import { join, resolve } from "node:path";
import { parseCleanupConfig } from "../../config/cleanup.ts";
import { FairwayError } from "../../errors.ts";
import { type Conflist, ownPlugin, parseConflist, typesOf } from "./conflist.ts";
import { type Entry, entryAt } from "./files.ts";
import { manifestFile } from "./manifest.ts";
import { ipamName, type Places, pluginName } from "./places.ts";

/** The whole paths of all that `install` writes. */
export function ownedPaths(
  { binDir, confDir, confFile }: Places,
  dataDir: string,
): Record<"binary" | "link" | "conf" | "manifest", string> {
  return {
    binary: join(binDir, pluginName),
    link: join(binDir, ipamName),
    conf: join(confDir, confFile),
    manifest: manifestFile(dataDir),
  };
}

/** "foreign" means that something is there, and that it is no conflist that calls us. */
export function conflistAt(path: string): Conflist | "absent" | "foreign" {
  const found = entryAt(path);
  if (found.kind === "absent") return "absent";
  if (found.kind !== "file") return "foreign";
  try {
    const conflist = parseConflist(fs.readFileSync(path, "utf8"), path);
    return typesOf(conflist).includes(pluginName) ? conflist : "foreign";
  } catch (error) {
    if (error instanceof FairwayError) return "foreign";
    throw error;
  }
}

/** Says where the rows and the log of its pods are, as a DEL reads it. Messages name the conflist as `of`. */
export function settingsOf(conflist: Conflist, of: string): ReturnType<typeof parseCleanupConfig> {
  const { name, cniVersion } = conflist.json;
  return parseCleanupConfig({ ...ownPlugin(conflist, of), name, cniVersion });
}

export const isOwnLink = ({ binDir }: Places, found: Entry): boolean =>
  found.kind === "link" && resolve(binDir, found.target) === join(binDir, pluginName);
