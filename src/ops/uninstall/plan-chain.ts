/** The files by which Fairway stands behind another network, and how that network's own files come back. */
import fs from "node:fs";
import { join } from "node:path";
import { isOwnCopy } from "../../chain/decide.ts";
import type { ChainRecord } from "../../chain/record.ts";
import { isObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import { isAsEdited, keptOriginal, textWithoutOurs } from "../install/chain-original.ts";
import { dropInAt } from "../install/chain-ways.ts";
import { parseConflist } from "../install/conflist.ts";
import { entryAt, type FileStep, isThere } from "../install/files.ts";
import { type Manifest, manifestFile, manifestText } from "../install/manifest.ts";
import { type Places, pluginName } from "../install/places.ts";
import { readText } from "../read.ts";
import type { Kept } from "./plan-files.ts";

const remove = (path: string): FileStep => ({ op: "remove", path, words: `remove ${path}` });

/** An agent that systemd does not run would make the copy again for as long as the record says so. */
function planNotFollowed(dataDir: string, { chain: _, ...manifest }: Manifest): FileStep[] {
  const path = manifestFile(dataDir);
  const text = manifestText(manifest);
  const words = `note in ${path} that nothing is followed any more`;
  return [{ op: "write", path, mode: 0o600, content: { text }, words }];
}

/** Copies under other names: somebody moved ours aside. */
const planStrayCopies = ({ confDir, confFile }: Places): FileStep[] =>
  fs.existsSync(confDir)
    ? fs
        .readdirSync(confDir)
        .filter((name) => name.startsWith(`${confFile}.`))
        .map((name) => join(confDir, name))
        .filter(isCopyAt)
        .map(remove)
    : [];

function isCopyAt(path: string): boolean {
  if (entryAt(path).kind !== "file") return false;
  return isOwnCopy({ name: path, text: fs.readFileSync(path, "utf8") });
}

function planDropIn({ confDir }: Places, { network }: ChainRecord, kept: Kept): FileStep[] {
  const { path } = dropInAt(confDir, network);
  const { kind } = entryAt(path);
  if (kind === "absent") return [];
  if (kind === "file" && isPluginOfOurs(fs.readFileSync(path, "utf8")))
    return [{ ...remove(path), stirs: confDir }];
  kept.push(`${path}: it is no plugin of type ${pluginName}`);
  return [];
}

function isPluginOfOurs(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) && json.type === pluginName;
  } catch {
    return false;
  }
}

/** false also where it cannot be told. */
function isLeftAlone(text: string, kept: string, chain: ChainRecord): boolean {
  try {
    return isAsEdited(text, parseConflist(readText(kept), kept), chain);
  } catch (error) {
    if (error instanceof FairwayError) return false;
    throw error;
  }
}

/** What the file was comes back byte for byte, unless somebody has changed it since: then only ours goes. */
function planInPlace(
  { confDir }: Places,
  dataDir: string,
  chain: ChainRecord,
  notes: Kept,
): FileStep[] {
  const [path, kept] = [join(confDir, chain.original), keptOriginal(dataDir)];
  const rest = isThere(kept) ? [remove(kept)] : [];
  if (!isThere(path)) return rest;
  const text = fs.readFileSync(path, "utf8");
  const mode = fs.statSync(path).mode & 0o777;
  const back = (content: string, words: string): FileStep[] => [
    { op: "write", path, mode, content: { text: content }, words },
    ...rest,
  ];
  if (isThere(kept) && isLeftAlone(text, kept, chain))
    return back(fs.readFileSync(kept, "utf8"), `put ${path} back as it was`);
  const without = withoutOurs(text);
  if (without === null) {
    if (isThere(kept)) notes.push(`${path}: it does not call ${pluginName} any more`);
    return rest;
  }
  notes.push(`${path}: it was changed since Fairway was put into it, so the rest of it stays`);
  return back(without, `take Fairway out of ${path}`);
}

/** null means that ours is not in it, or that it cannot be told. */
function withoutOurs(text: string): string | null {
  try {
    return textWithoutOurs(text);
  } catch (error) {
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

/** Nothing where Fairway had a network of its own. The copy itself is the installation's conflist. */
export function planUnchain(
  dataDir: string,
  places: Places,
  manifest: Manifest | null,
  kept: Kept,
): FileStep[] {
  const chain = manifest?.chain;
  if (manifest === null || chain === undefined) return [];
  const followed = planNotFollowed(dataDir, manifest);
  switch (chain.way) {
    case "copy":
      return [...followed, ...planStrayCopies(places)];
    case "drop-in":
      return planDropIn(places, chain, kept);
    case "in-place":
      return planInPlace(places, dataDir, chain, kept);
  }
}
