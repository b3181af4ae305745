/** Finds out which data folder the installation of this node names. */
import fs from "node:fs";
import { join, resolve } from "node:path";
import { isOwnCopy } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import { defaults } from "../../config/defaults.ts";
import { isThere } from "./files.ts";
import { manifestFile, readManifest } from "./manifest.ts";
import { type Places, usualPlaces } from "./places.ts";
import { conflistAt, settingsOf } from "./present.ts";

export interface NamedFolder {
  dataDir: string;
  /** The file that names it. */
  by: string;
}

/** The real path of what is there; a path where nothing is yet is only made absolute. */
const realPath = (path: string): string =>
  fs.existsSync(path) ? fs.realpathSync(path) : resolve(path);

export const isSameFolder = (a: string, b: string): boolean => realPath(a) === realPath(b);

function namedByFile(path: string): NamedFolder | null {
  const conflist = conflistAt(path);
  return typeof conflist === "string"
    ? null
    : { dataDir: settingsOf(conflist, path).dataDir, by: path };
}

/** By a copy that follows another network. null means that there is none. Throws io, badConfig. */
export function namedByCopy(confDir: string): NamedFolder | null {
  const copy = readFolder(confDir).find(isOwnCopy);
  return copy === undefined ? null : namedByFile(join(confDir, copy.name));
}

/** null means that there is no conflist of ours. Throws io, decode, badConfig. */
export const namedByConflist = ({
  confDir,
  confFile,
}: Pick<Places, "confDir" | "confFile">): NamedFolder | null =>
  namedByFile(join(confDir, confFile)) ?? namedByCopy(confDir);

/**
 * Takes the folder of the conflist, where `install` put it or where it usually is; else the usual folder, if
 * an install.json lies in it. null means that nothing names one. Throws io, decode, badConfig.
 */
export function namedFolder(): NamedFolder | null {
  const usual = defaults.dataDir;
  const manifest = readManifest(usual);
  const byManifest = manifest === null ? null : { dataDir: usual, by: manifestFile(usual) };
  return namedByConflist(manifest ?? usualPlaces) ?? byManifest;
}

/** Whether `install` was run with this folder, though no pod may have been added yet. */
export const isInstalledIn = (dataDir: string): boolean => isThere(manifestFile(dataDir));
