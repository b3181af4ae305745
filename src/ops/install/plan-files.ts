/** Plans the files that an installation writes, and finds those that stand in the way. It touches nothing. */
import fs from "node:fs";
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { abandoned, entryAt, type FileStep, isThere, missingFolders } from "./files.ts";
import { manifestFile, manifestText, readManifest } from "./manifest.ts";
import { ipamName, type Places, pluginName } from "./places.ts";
import type { PlannedAgent } from "./plan-agent.ts";
import type { PlannedNetwork } from "./plan-network.ts";
import type { PlannedPrograms } from "./plan-programs.ts";
import { planText } from "./plan-text.ts";
import { isOwnLink, ownedPaths } from "./present.ts";

function planLink(places: Places): FileStep[] {
  const path = join(places.binDir, ipamName);
  const found = entryAt(path);
  if (isOwnLink(places, found)) return [];
  if (found.kind === "absent")
    return [{ op: "link", path, target: pluginName, words: `link ${path} to ${pluginName}` }];
  throw new FairwayError(
    "badConfig",
    `${path} is there, and is no link to ${pluginName}${found.kind === "link" ? ` but to ${found.target}` : ""}`,
    "it is not overwritten: move it away, or give another --bin-dir",
  );
}

const ledgerFolderMode = 0o700;

const folderStep =
  (dataDir: string) =>
  (path: string): FileStep => ({
    op: "folder",
    path,
    mode: path === dataDir ? ledgerFolderMode : 0o755,
    words: `make ${path}`,
  });

/**
 * Whether an `install` that died before it could write that down made the folder. A folder that an ADD made
 * is ours as well (planData of ops/uninstall).
 */
function isUnrecorded(dataDir: string, left: readonly string[]): boolean {
  if (isThere(manifestFile(dataDir)) || !isThere(dataDir)) return false;
  return fs.readdirSync(dataDir).every((name) => left.includes(join(dataDir, name)));
}

/**
 * The steps are in the order in which they are done. Which folders are made is written down before they are
 * made, except for the folder in which that is written. The runtime begins with the conflist, so that one
 * comes last. Throws badConfig where somebody else's file is in the way.
 */
export function planFiles(
  network: PlannedNetwork,
  places: Places,
  dataDir: string,
  parts: { programs: PlannedPrograms; agent: PlannedAgent },
): FileStep[] {
  const owned = ownedPaths(places, dataDir);
  const left = abandoned([...Object.values(owned), ...network.files.map(({ path }) => path)]);
  const dataFolders = missingFolders(dataDir);
  const isUnitMade = parts.agent.files.some(({ op }) => op === "write");
  const folders = [
    places.binDir,
    places.confDir,
    ...network.folders,
    ...(isUnitMade ? [places.unitDir] : []),
  ];
  const otherFolders = [...new Set(folders.flatMap(missingFolders))].filter(
    (path) => !dataFolders.includes(path),
  );
  const foldersMade = [
    ...new Set([
      ...(readManifest(dataDir)?.foldersMade ?? []),
      ...(isUnrecorded(dataDir, left) ? [dataDir] : []),
      ...dataFolders,
      ...otherFolders,
    ]),
  ];
  const record = {
    ...{ ...places, foldersMade, dataDir },
    ...(network.chain === null ? {} : { chain: network.chain }),
  };
  return [
    ...left.map((path): FileStep => ({ op: "remove", path, words: `remove ${path}` })),
    ...dataFolders.map(folderStep(dataDir)),
    ...planText(owned.manifest, manifestText(record), 0o600),
    ...otherFolders.map(folderStep(dataDir)),
    ...parts.programs.steps,
    ...planLink(places),
    ...parts.agent.files,
    ...network.files,
  ];
}
