/** Reads the other network configurations of a node, as its runtime does. */
import fs from "node:fs";
import { join } from "node:path";
import { byBytes, isConfName } from "../config/conf-names.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import { messageOf } from "../errors.ts";

export interface ConfFile {
  name: string;
  network: string | null;
  /** The plugins' types, in order. */
  types: string[];
  /** Says why a runtime cannot load it; null means that it can. */
  problem: string | null;
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

function confFile(dir: string, name: string): ConfFile {
  try {
    const json: unknown = JSON.parse(fs.readFileSync(join(dir, name), "utf8"));
    const object: JsonObject = isObject(json) ? json : {};
    const plugins = Array.isArray(object.plugins) ? object.plugins.filter(isObject) : [object];
    const types = plugins.flatMap(({ type }) => text(type) ?? []);
    const problem = types.length === 0 ? "it names no plugin" : null;
    return { name, network: text(object.name), types, problem };
  } catch (error) {
    return { name, network: null, types: [], problem: messageOf(error) };
  }
}

/**
 * The files are in the runtimes' order, which is by the bytes of their names. There are none where there is
 * no folder.
 */
export function confFiles(dir: string): ConfFile[] {
  if (!fs.existsSync(dir)) return [];
  return fs
    .readdirSync(dir)
    .filter(isConfName)
    .sort(byBytes)
    .map((name) => confFile(dir, name));
}

/** Writes for example "05-other.conflist (network other: bridge, portmap)". */
export function inWords({ name, network, types, problem }: ConfFile): string {
  if (problem !== null) return `${name} (which no runtime can load: ${problem})`;
  return `${name} (network ${network ?? "without a name"}: ${types.join(", ")})`;
}
