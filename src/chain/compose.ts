/** Puts our plugin behind the plugins of a network, or says why it cannot stand there. Pure. */
import { pluginName } from "../config/plugin-name.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import { cniVersions } from "../config/types.ts";
import type { NetworkList } from "./conf-text.ts";
import { shapersAmong } from "./shapers.ts";
import { unfitType } from "./unfit.ts";

/** The key by which a copy of ours is known. Runtimes take no notice of it. Its value is the original's name. */
export const followsKey = "fairway.dev/follows";

export interface ChainSettings {
  /** Our plugin's object as it stands in the chain. */
  plugin: JsonObject;
  /** The reference `bandwidth` plugin is left out, since Fairway does what it does. */
  replacesBandwidth: boolean;
}

export interface Refusal {
  why: string;
  todo: string;
}

export type Composed = { json: JsonObject; text: string } | { refusal: Refusal };

const isSpoken = (version: unknown): version is string =>
  (cniVersions as readonly unknown[]).includes(version);

/**
 * cniVersion stays as it is where we speak it, and of the versions that are offered beside it those stay that we
 * speak. null means that there is none.
 */
function versionsOf({ json }: NetworkList): JsonObject | null {
  const { cniVersion } = json;
  const offered = Array.isArray(json.cniVersions) ? json.cniVersions.filter(isSpoken) : null;
  const newest = cniVersions.findLast((each) => offered?.includes(each));
  const version = isSpoken(cniVersion) ? cniVersion : newest;
  if (version === undefined) return null;
  return { cniVersion: version, ...(offered === null ? {} : { cniVersions: offered }) };
}

function noVersion({ json }: NetworkList): Refusal {
  const said = [json.cniVersion, ...(Array.isArray(json.cniVersions) ? json.cniVersions : [])];
  return {
    why: `it is of CNI ${said.map((each) => JSON.stringify(each ?? "")).join(", ")}, and Fairway speaks ${cniVersions.join(", ")}`,
    todo: "name a version in it that both speak",
  };
}

/** What stands against us in the chain; null means that nothing does. */
function refusalOf({ plugins }: NetworkList, settings: ChainSettings): Refusal | null {
  const types = plugins.map(({ type }) => String(type));
  if (types.includes(pluginName))
    return {
      why: `it calls ${pluginName} already`,
      todo: "take that plugin out of it, or leave it as it is: nothing has to be installed behind it",
    };
  for (const type of types) {
    const found = unfitType(type);
    if (found !== null) return { why: `it calls ${type}: ${found.why}`, todo: found.todo };
  }
  const shapers = shapersAmong(plugins);
  const others = shapers.filter(({ isReference }) => !isReference);
  if (others.length > 0)
    return {
      why: `another plugin limits pods, too: ${others.map(({ words }) => words).join("; ")}`,
      todo: 'take "bandwidth" out of its capabilities: what two plugins limit gets the smaller of both',
    };
  if (shapers.length > 0 && !settings.replacesBandwidth)
    return {
      why: `another plugin limits pods, too: ${shapers.map(({ words }) => words).join("; ")}`,
      todo: "give --replace-bandwidth, and it is left out: Fairway takes its capability and the kubernetes.io/*-bandwidth annotations itself; or take it out of that file",
    };
  return null;
}

/**
 * The plugins of the network in their order, then ours. `follows` is the original's name where a copy is made;
 * null means that the file itself is edited.
 */
export function compose(
  list: NetworkList,
  settings: ChainSettings,
  follows: string | null,
): Composed {
  const refusal = refusalOf(list, settings);
  if (refusal !== null) return { refusal };
  const versions = versionsOf(list);
  if (versions === null) return { refusal: noVersion(list) };
  const left = shapersAmong(list.plugins).map(({ at }) => at);
  const json: JsonObject = {
    ...list.json,
    ...versions,
    plugins: [...list.plugins.filter((_, at) => !left.includes(at)), settings.plugin],
    ...(follows === null ? {} : { [followsKey]: follows }),
  };
  return { json, text: `${JSON.stringify(json, null, 2)}\n` };
}

/** The name of the original that a copy of ours follows; null means that it is no copy of ours. */
export function originalOf(json: unknown): string | null {
  if (!isObject(json)) return null;
  const follows = json[followsKey];
  const plugins = Array.isArray(json.plugins) ? json.plugins.filter(isObject) : [];
  return typeof follows === "string" && plugins.some(({ type }) => type === pluginName)
    ? follows
    : null;
}

/** Our plugin's object in a copy of ours; null means that it is none. */
export function pluginOfCopy(json: unknown): JsonObject | null {
  if (originalOf(json) === null || !isObject(json) || !Array.isArray(json.plugins)) return null;
  return json.plugins.filter(isObject).find(({ type }) => type === pluginName) ?? null;
}
