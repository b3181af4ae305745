/** The files and folders that `uninstall` removes, and those that stay. */
import fs from "node:fs";
import { join } from "node:path";
import { classRecordName } from "../../cluster/class-record-name.ts";
import { fellBackFileNames } from "../../cni/fell-back.ts";
import { generationsFileName } from "../../kernel/own-generations.ts";
import { atWorkFileName } from "../../node/verbs/at-work.ts";
import { abandoned, entryAt, type FileStep, isThere } from "../install/files.ts";
import { type Manifest, manifestFile } from "../install/manifest.ts";
import { type Places, pluginName } from "../install/places.ts";
import {
  type conflistAt,
  isOwnLink,
  type OwnedPaths,
  ownedPaths,
  programAt,
  socketPathAt,
  unitAt,
} from "../install/present.ts";

/** Says what stays, and why. */
export type Kept = string[];

const remove = (path: string): FileStep => ({ op: "remove", path, words: `remove ${path}` });

export function planConflist(
  path: string,
  found: ReturnType<typeof conflistAt>,
  kept: Kept,
): FileStep[] {
  if (found === "foreign")
    kept.push(`${path}: it is no conflist with a plugin of type ${pluginName}`);
  return typeof found === "string" ? [] : [remove(path)];
}

export function planBinaries(places: Places, dataDir: string, kept: Kept): FileStep[] {
  const { binary, link, full, socketPath } = ownedPaths(places, dataDir);
  const beside = entryAt(link);
  const steps: FileStep[] = [];
  if (isOwnLink(places, beside)) steps.push(remove(link));
  else if (beside.kind !== "absent") kept.push(`${link}: it is no link to ${pluginName}`);
  // The launcher goes before the executable that it needs.
  for (const path of [binary, full]) {
    const there = programAt(path);
    if (there === "foreign") kept.push(`${path}: it is no Fairway`);
    else if (there !== "absent") steps.push(remove(path));
  }
  const socket = socketPathAt(socketPath);
  if (socket === "foreign") kept.push(`${socketPath}: it names no socket`);
  else if (socket !== null) steps.push(remove(socketPath));
  return steps;
}

/** What is beside the agent's unit and not ours. Its own files are `planNoAgent`'s. */
export function keptOfUnit(paths: OwnedPaths, kept: Kept): void {
  if (unitAt(paths) === "foreign")
    kept.push(`${paths.unit}: \`fairway install\` did not write it for ${paths.full}`);
  const changes = `${paths.unit}.d`;
  if (isThere(changes)) kept.push(`${changes}: what somebody changed of the agent's unit`);
}

const ledgerFiles = [
  "ledger.db",
  "ledger.db-wal",
  "ledger.db-shm",
  atWorkFileName,
  generationsFileName,
  ...fellBackFileNames,
  classRecordName,
];

export function planData(
  dataDir: string,
  manifest: Manifest | null,
  keepLedger: boolean,
): FileStep[] {
  // Where the ledger stays, the record of the folders that were made for it stays, too.
  const files = keepLedger ? [] : ledgerFiles.map((name) => join(dataDir, name));
  // A folder that an ADD made, without `install`, is ours as well.
  const folders = (manifest?.foldersMade ?? [dataDir]).filter((path) => fs.existsSync(path));
  const record = manifestFile(dataDir);
  const isAround = (path: string): boolean => `${dataDir}/`.startsWith(`${path}/`);
  const removals = (paths: string[]): FileStep[] =>
    paths.toReversed().map((path) => ({
      op: "remove-folder",
      path,
      words: `remove ${path}, if it is empty then`,
    }));
  return [
    ...files.filter(isThere).map(remove),
    ...removals(folders.filter((path) => !isAround(path))),
    // A later run after one that died before this finds in it what is left to do.
    ...(keepLedger || !isThere(record)
      ? []
      : [{ op: "remove-last", path: record, words: `remove ${record}` } as const]),
    ...removals(folders.filter(isAround)),
  ];
}

/** What runs that died left beside our files. */
export const planAbandoned = (
  places: Places,
  dataDir: string,
  network: readonly FileStep[],
): FileStep[] =>
  abandoned([
    ...Object.values(ownedPaths(places, dataDir)),
    ...network.map(({ path }) => path),
    ...ledgerFiles.map((name) => join(dataDir, name)),
  ]).map(remove);
