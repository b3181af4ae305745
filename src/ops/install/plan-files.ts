/** The files that an installation writes, and those that stand in the way. Touches nothing. */
import fs from "node:fs";
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { version } from "../version.ts";
import type { Conflist } from "./conflist.ts";
import { isFairway, ownExecutable, sameBytes, versionOf } from "./executable.ts";
import { abandoned, type FileStep, look, missingFolders } from "./files.ts";
import { manifestText, readManifest } from "./manifest.ts";
import { ipamName, type Places, pluginName } from "./places.ts";
import { isOwnLink, ownedPaths } from "./present.ts";

const isExecutable = (path: string): boolean => (fs.statSync(path).mode & 0o111) === 0o111;

function planBinary({ binDir }: Places): FileStep[] {
  const own = ownExecutable();
  const path = join(binDir, pluginName);
  const write = (words: string): FileStep[] => [
    { op: "write", path, mode: 0o755, content: { copyOf: own }, words },
  ];
  const found = look(path);
  if (found.kind === "absent") return write(`write ${path} (${version})`);
  if (found.kind !== "file" || !isFairway(path))
    throw new FairwayError(
      "badConfig",
      `${path} is there, and is ${found.kind === "link" ? `a link to ${found.target}` : "no Fairway"}`,
      "it is not overwritten: move it away, or give another --bin-dir",
    );
  if (sameBytes(own, path) && isExecutable(path)) return [];
  return write(`replace ${path} (${versionOf(path)} by ${version})`);
}

function planLink(places: Places): FileStep[] {
  const path = join(places.binDir, ipamName);
  const found = look(path);
  if (isOwnLink(places, found)) return [];
  if (found.kind === "absent")
    return [{ op: "link", path, target: pluginName, words: `link ${path} to ${pluginName}` }];
  throw new FairwayError(
    "badConfig",
    `${path} is there, and is no link to ${pluginName}${found.kind === "link" ? ` but to ${found.target}` : ""}`,
    "it is not overwritten: move it away, or give another --bin-dir",
  );
}

function planText(path: string, text: string, mode: number): FileStep[] {
  const found = look(path);
  if (found.kind === "file" && fs.readFileSync(path, "utf8") === text) return [];
  const verb = found.kind === "absent" ? "write" : "replace";
  return [{ op: "write", path, mode, content: { text }, words: `${verb} ${path}` }];
}

const ledgerFolderMode = 0o700;

function planFolders({ binDir, confDir }: Places, dataDir: string): FileStep[] {
  const paths = new Set([binDir, confDir, dataDir].flatMap(missingFolders));
  return [...paths].map((path) => ({
    op: "folder",
    path,
    mode: path === dataDir ? ledgerFolderMode : 0o755,
    words: `make ${path}`,
  }));
}

/** In the order of doing: the runtime begins with the conflist, so that comes last. Throws badConfig: somebody else's file is in the way. */
export function planFiles(conflist: Conflist, places: Places, dataDir: string): FileStep[] {
  const folders = planFolders(places, dataDir);
  const foldersMade = [
    ...new Set([...(readManifest(dataDir)?.foldersMade ?? []), ...folders.map(({ path }) => path)]),
  ];
  const owned = ownedPaths(places, dataDir);
  const left = abandoned(Object.values(owned));
  return [
    ...left.map((path): FileStep => ({ op: "remove", path, words: `remove ${path}` })),
    ...folders,
    ...planBinary(places),
    ...planLink(places),
    ...planText(owned.manifest, manifestText({ ...places, foldersMade }), 0o600),
    // Readable by root alone, as the CIS benchmark has it.
    ...planText(owned.conf, conflist.text, 0o600),
  ];
}
