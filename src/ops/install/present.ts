/** Tells what of an installation is on the node already, and whether it is ours or somebody else's. */
import fs from "node:fs";
import { join, resolve } from "node:path";
import { parseCleanupConfig } from "../../config/cleanup.ts";
import { FairwayError } from "../../errors.ts";
import { type Conflist, ownPlugin, parseConflist, typesOf } from "./conflist.ts";
import { isFairway } from "./executable.ts";
import { type Entry, entryAt } from "./files.ts";
import { isLauncher } from "./launcher-file.ts";
import { manifestFile } from "./manifest.ts";
import { fullName, ipamName, type Places, pluginName, socketPathName, unitName } from "./places.ts";
import { isUnitFor } from "./unit.ts";

export interface OwnedPaths {
  /** What the runtime calls: the executable, or the launcher. */
  binary: string;
  /** The executable, where `binary` is the launcher. */
  full: string;
  link: string;
  socketPath: string;
  conf: string;
  manifest: string;
  unit: string;
}

/** The whole paths of all that `install` writes. */
export function ownedPaths(
  { binDir, confDir, confFile, unitDir }: Places,
  dataDir: string,
): OwnedPaths {
  return {
    binary: join(binDir, pluginName),
    full: join(binDir, fullName),
    link: join(binDir, ipamName),
    socketPath: join(binDir, socketPathName),
    conf: join(confDir, confFile),
    manifest: manifestFile(dataDir),
    unit: join(unitDir, unitName),
  };
}

/** What a file of ours is. */
export type ProgramAt = "absent" | "launcher" | "executable" | "foreign";

export function programAt(path: string): ProgramAt {
  const { kind } = entryAt(path);
  if (kind === "absent") return "absent";
  if (kind !== "file") return "foreign";
  if (isLauncher(path)) return "launcher";
  return isFairway(path) ? "executable" : "foreign";
}

const firstLine = (path: string): string => fs.readFileSync(path, "utf8").split("\n")[0] ?? "";

/** Whether the agent's unit is there. "foreign" means that it is somebody else's, or another installation's. */
export function unitAt({ unit, full, binary }: OwnedPaths): "absent" | "own" | "foreign" {
  const { kind } = entryAt(unit);
  if (kind === "absent") return "absent";
  if (kind !== "file") return "foreign";
  return isUnitFor(fs.readFileSync(unit, "utf8"), [full, binary]) ? "own" : "foreign";
}

/** The socket that the launcher is told in its folder. null means that it takes the usual one. */
export function socketPathAt(path: string): string | null | "foreign" {
  const { kind } = entryAt(path);
  if (kind === "absent") return null;
  if (kind !== "file") return "foreign";
  const line = firstLine(path);
  return line.startsWith("/") ? line : "foreign";
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
