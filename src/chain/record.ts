/** What `install --chain` wrote down in install.json, which the agent and `uninstall` read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject } from "../config/section.ts";
import { FairwayError, messageOf } from "../errors.ts";

/** How our plugin got into the chain. */
export const chainWays = ["copy", "drop-in", "in-place"] as const;
export type ChainWay = (typeof chainWays)[number];

export interface ChainRecord {
  way: ChainWay;
  plugin: JsonObject;
  replacesBandwidth: boolean;
  /** The file that was the runtime's at the time. */
  original: string;
  network: string;
}

/** Lies in the ledger's folder. */
export const recordFileName = "install.json";

export function isChainRecord(value: unknown): value is ChainRecord {
  if (!isObject(value)) return false;
  const { way, plugin, replacesBandwidth, original, network } = value;
  return (
    (chainWays as readonly unknown[]).includes(way) &&
    isObject(plugin) &&
    typeof replacesBandwidth === "boolean" &&
    typeof original === "string" &&
    typeof network === "string"
  );
}

export interface Followed {
  chain: ChainRecord;
  /** The copy's name. */
  confFile: string;
}

/** null means that nothing is to be followed: not installed, or not behind another network. Throws io, decode. */
export function followedIn(dataDir: string): Followed | null {
  const file = join(dataDir, recordFileName);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new FairwayError("io", `cannot read ${file}: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  }
  const json = parsed(text, file);
  if (json.chain === undefined) return null;
  if (isChainRecord(json.chain) && typeof json.confFile === "string")
    return { chain: json.chain, confFile: json.confFile };
  throw new FairwayError(
    "decode",
    `${file} is not what \`fairway install --chain\` wrote`,
    "run it again",
  );
}

function parsed(text: string, file: string): JsonObject {
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {
    // It is told below.
  }
  throw new FairwayError("decode", `${file} holds no JSON object`, "run `fairway install` again");
}
