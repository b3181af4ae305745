/**
 * Puts a class into the node's own configuration, which the runtime and all of Fairway read: the node goes on
 * with it when the API server is away (decision 43).
 */
import fs from "node:fs";
import { join } from "node:path";
import { confFiles } from "../cni/conf-files.ts";
import { pluginName } from "../config/plugin-name.ts";
import { FairwayError, messageOf, orFail } from "../errors.ts";
import { isObject, type Json } from "../kube/objects.ts";
import { replaceFile } from "../new-file.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { classRecordName } from "./class-record-name.ts";
import { type ClassRecord, planClass, unknownKeys } from "./class-values.ts";

export interface ClassPlaces {
  confDir: string;
  dataDir: string;
}

interface Found {
  file: string;
  mode: number;
  list: Json;
  /** Our plugin's place in "plugins". */
  index: number;
  plugin: Json;
}

const recordFile = ({ dataDir }: ClassPlaces): string => join(dataDir, classRecordName);

/** The configuration that a class is put into: the first that has our plugin. Throws badConfig, decode, io. */
function find({ confDir }: ClassPlaces): Found | null {
  const own = confFiles(confDir).find(({ types }) => types.includes(pluginName));
  if (own === undefined) return null;
  const file = join(confDir, own.name);
  const stat = orFail("io", `cannot read ${file}`, undefined, () => fs.lstatSync(file));
  if (!stat.isFile())
    throw new FairwayError(
      "badConfig",
      `${file} is no file of its own, so no BandwidthClass is put into it`,
      "put the file itself into the folder, or take the BandwidthClass away",
    );
  const list: unknown = orFail("decode", `${file} is no JSON`, undefined, () =>
    JSON.parse(fs.readFileSync(file, "utf8")),
  );
  const plugins = isObject(list) && Array.isArray(list.plugins) ? (list.plugins as unknown[]) : [];
  const index = plugins.findIndex((each) => isObject(each) && each.type === pluginName);
  const plugin = plugins[index];
  if (!isObject(list) || !isObject(plugin))
    throw new FairwayError(
      "badConfig",
      `${file} is no list of plugins with one of type ${pluginName}`,
      "a BandwidthClass is put into a conflist as `fairway install` writes it",
    );
  return { file, mode: stat.mode & 0o777, list, index, plugin };
}

/** Without it nobody knows what stood in the configuration before, so nothing is put in or taken back. */
const advice =
  "put a whole one back, or remove it: then what stands in the configuration now counts as the node's own";

/** null means that no class has been put in. Throws io and decode where the record cannot be read. */
function readRecord(places: ClassPlaces): ClassRecord | null {
  const file = recordFile(places);
  const what = `the record of what a BandwidthClass has changed, ${file},`;
  if (!fs.existsSync(file)) return null;
  const text = orFail("io", `${what} cannot be read`, advice, () => fs.readFileSync(file, "utf8"));
  const record: unknown = orFail("decode", `${what} is no JSON`, advice, () => JSON.parse(text));
  if (isObject(record) && isObject(record.former) && isObject(record.written))
    return record as unknown as ClassRecord;
  throw new FairwayError("decode", `${what} does not say what was there before`, advice);
}

/** The class that was put in last. Throws as the record's reader does. */
export const placedClass = (places: ClassPlaces): string | null => readRecord(places)?.name ?? null;

const textOf = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`;

export interface Placed {
  /** The file that was changed; null means that it had all of it. */
  changed: string | null;
  /** The network's name, and what our plugin is configured with now; null means that there is no configuration. */
  network: { name: string; plugin: Json } | null;
}

/**
 * `wanted` is null where no class selects the node. Everything else of the file stays. Throws badConfig where the
 * class and the rest of the configuration do not go together, decode and io where a file cannot be read; then
 * nothing is changed.
 */
export function placeClass(
  places: ClassPlaces,
  wanted: { name: string; values: Readonly<Json> } | null,
): Placed {
  const record = readRecord(places);
  if (wanted === null && record === null) return { changed: null, network: null };
  const unknown = unknownKeys(wanted?.values ?? {});
  if (unknown.length > 0)
    throw new FairwayError(
      "badConfig",
      `it has ${unknown.join(", ")}, which no class has`,
      undefined,
    );
  const found = find(places);
  if (found === null) return { changed: null, network: null };
  const { list, index, plugin } = found;
  const planned = planClass(plugin, record, wanted);
  const { name, cniVersion } = list;
  parseNetworkConfig({ ...planned.plugin, name, cniVersion });
  const network = { name: String(name), plugin: planned.plugin };
  const isSame = JSON.stringify(planned.plugin) === JSON.stringify(plugin);
  try {
    // The record is written first and goes last: what it says of a value counts only where the value is there.
    if (planned.record !== null && JSON.stringify(planned.record) !== JSON.stringify(record))
      replaceFile(recordFile(places), textOf(planned.record), 0o600);
    if (!isSame) {
      const plugins = (list.plugins as unknown[]).with(index, planned.plugin);
      replaceFile(found.file, textOf({ ...list, plugins }), found.mode);
    }
    if (planned.record === null) fs.rmSync(recordFile(places), { force: true });
  } catch (error) {
    throw new FairwayError("io", `cannot write ${found.file}: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  }
  return { changed: isSame ? null : found.file, network };
}
