/**
 * Makes the conflist that a node gets: from an own one, from the one that is there, or from the plainest,
 * with what was asked put into it. Pure.
 */
import { shapersAmong } from "../../chain/shapers.ts";
import { parseCidr } from "../../config/addresses.ts";
import { isObject, type JsonObject } from "../../config/section.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { parsedJson } from "../read.ts";
import { pluginName } from "./places.ts";

/** What is put into a conflist. undefined leaves it as it is there. */
export interface AskedSettings {
  subnets: string[] | undefined;
  networkName: string | undefined;
  uplink: string | undefined;
  egressCapacity: string | undefined;
  ingressCapacity: string | undefined;
  ipMasqExcept: string[] | undefined;
  dataDir: string | undefined;
}

export interface Conflist {
  /** The text that is written. Where nothing is put into a conflist, it is byte for byte what was given. */
  text: string;
  json: JsonObject;
}

/** Throws decode. Messages name the conflist as `of`. */
export function parseConflist(text: string, of: string): Conflist {
  const json = parsedJson(text, of);
  if (isObject(json)) return { text, json };
  throw new FairwayError("decode", `${of} holds no JSON object`, "give a conflist");
}

const pluginsOf = ({ json }: Conflist): unknown[] =>
  Array.isArray(json.plugins) ? json.plugins : [];

export function typesOf(conflist: Conflist): string[] {
  return pluginsOf(conflist).flatMap((plugin) =>
    isObject(plugin) && typeof plugin.type === "string" ? [plugin.type] : [],
  );
}

/** Names in words the other plugins of a chain that limit pods, too. */
export const otherShapers = (conflist: Conflist): string[] =>
  shapersAmong(pluginsOf(conflist)).map(({ words }) => words);

export const shaperTodo =
  'take it out of "plugins" (or "bandwidth" out of its capabilities): Fairway takes that capability and the kubernetes.io/*-bandwidth annotations itself, and what two plugins limit gets the smaller of both';

/**
 * Throws badConfig where another plugin limits pods, too: neither of the two can promise a pod anything then.
 */
export function refuseOtherShapers(conflist: Conflist, of: string): void {
  const [first, ...more] = otherShapers(conflist);
  if (first === undefined) return;
  throw new FairwayError(
    "badConfig",
    `${of} has another plugin that limits pods beside Fairway: ${[first, ...more].join("; ")}`,
    shaperTodo,
  );
}

/** Returns our plugin's object. Throws badConfig where there is none, or several. */
export function ownPlugin(conflist: Conflist, of: string): JsonObject {
  const plugins = pluginsOf(conflist);
  const own = plugins.filter(isObject).filter(({ type }) => type === pluginName);
  const [first] = own;
  if (first !== undefined && own.length === 1) return first;
  throw new FairwayError(
    "badConfig",
    `${of} has ${own.length} plugins of type ${pluginName}, of ${plugins.length} under "plugins"`,
    "give a conflist with exactly one: see conf/10-fairway.conflist",
  );
}

/**
 * Requires at most one subnet of each family, and returns them in the order in which they were given. Throws
 * badConfig.
 */
export function checkSubnets(subnets: readonly string[]): string[] {
  const families = new Map<number, string>();
  for (const text of subnets) {
    const { family } = parseCidr(text, "the pod subnet");
    const other = families.get(family);
    if (other !== undefined)
      throw new FairwayError(
        "badConfig",
        `two pod subnets of IPv${family}: ${other} and ${text}`,
        "a pod gets one address of each family: give one subnet of each, or an own --conflist",
      );
    families.set(family, text);
  }
  return [...families.values()];
}

/** The subnets that a plugin's `ipam` gives addresses from, ours or host-local's. */
export function subnetsOf(plugin: JsonObject): string[] {
  const { ipam } = plugin;
  if (!isObject(ipam)) return [];
  const sets = Array.isArray(ipam.ranges) ? ipam.ranges : [];
  const ranges = [ipam, ...sets.flat()].filter(isObject);
  return ranges.flatMap(({ subnet }) => (typeof subnet === "string" ? [subnet] : []));
}

function withSubnets(plugin: JsonObject, subnets: string[]): JsonObject {
  const former = subnetsOf(plugin);
  // What else the configuration says of a range (its start, its gateway) is kept where the range stays.
  if (former.length === subnets.length && former.every((s) => subnets.includes(s))) return plugin;
  const { subnet: _, ranges: __, ...rest } = isObject(plugin.ipam) ? plugin.ipam : {};
  const [first, ...more] = subnets;
  const where =
    more.length === 0 ? { subnet: first } : { ranges: subnets.map((subnet) => [{ subnet }]) };
  return { ...plugin, ipam: { ...rest, ...where } };
}

/** Returns a conflist in which what was asked takes the place of what it said. */
export function withAsked(conflist: Conflist, asked: AskedSettings, of: string): Conflist {
  const plugin = ownPlugin(conflist, of);
  const uplink = {
    ...(isObject(plugin.uplink) ? plugin.uplink : {}),
    ...(asked.uplink === undefined ? {} : { name: asked.uplink }),
    ...(asked.egressCapacity === undefined ? {} : { egressCapacity: asked.egressCapacity }),
    ...(asked.ingressCapacity === undefined ? {} : { ingressCapacity: asked.ingressCapacity }),
  };
  const changed: JsonObject = {
    ...(asked.subnets === undefined ? plugin : withSubnets(plugin, asked.subnets)),
    ...(Object.keys(uplink).length === 0 ? {} : { uplink }),
    ...(asked.ipMasqExcept === undefined ? {} : { ipMasqExcept: asked.ipMasqExcept }),
    ...(asked.dataDir === undefined ? {} : { dataDir: asked.dataDir }),
  };
  const json: JsonObject = {
    ...conflist.json,
    ...(asked.networkName === undefined ? {} : { name: asked.networkName }),
    plugins: pluginsOf(conflist).map((each) => (each === plugin ? changed : each)),
  };
  // The order of keys does not matter: a conflist that says the same stays byte for byte.
  if (Bun.deepEquals(json, conflist.json)) return conflist;
  return { json, text: `${JSON.stringify(json, null, 2)}\n` };
}

/** Our plugin's object at its plainest, which is all that a chain needs. */
export const plainPlugin: JsonObject = {
  type: pluginName,
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
};

/** The plainest conflist: it has what pods need to be promised anything, and to reach the world. */
export function plainConflist(subnets: readonly string[]): Conflist {
  const routes = subnets.map((text) => ({
    dst: parseCidr(text, "the pod subnet").family === 4 ? "0.0.0.0/0" : "::/0",
  }));
  const json = {
    cniVersion: "1.0.0",
    cniVersions: ["1.0.0", "1.1.0"],
    name: "pods",
    plugins: [{ ...plainPlugin, ipMasq: true, ipam: { routes } }],
  };
  return { json, text: `${JSON.stringify(json, null, 2)}\n` };
}

/**
 * Reads the configuration as the runtime composes it, for each version that it may take. Throws decode,
 * badConfig, incompatibleVersion.
 */
export function validated(conflist: Conflist, of: string): NetworkConfig {
  const own = ownPlugin(conflist, of);
  const types = typesOf(conflist);
  if (types.length !== pluginsOf(conflist).length)
    throw new FairwayError(
      "badConfig",
      `${of}: of ${pluginsOf(conflist).length} plugins, ${types.length} have a type`,
      'each of "plugins" is an object with the name of a plugin as its "type"',
    );
  const { name, cniVersion, cniVersions } = conflist.json;
  const further = Array.isArray(cniVersions) ? cniVersions : [];
  const [config] = [cniVersion, ...further].map((version) =>
    parseNetworkConfig({ ...own, name, cniVersion: version }),
  );
  if (config === undefined) throw new RangeError("a conflist has one version at least");
  return config;
}
