/** Makes a configuration of what the runtime hands over. promise/network-config.ts has the rules for it. */

import { parseCidr } from "./addresses.ts";
import { parseRuntime } from "./capabilities.ts";
import { checkChained, isChainedConfig } from "./chained.ts";
import { defaults } from "./defaults.ts";
import { checkDelegate, delegateIn, noIpam } from "./delegate.ts";
import { parseHostClasses } from "./host-classes.ts";
import { configObject, parseName, parseVersion } from "./identity.ts";
import { parseIpam } from "./ipam.ts";
import { logLevelOf } from "./log-level.ts";
import { parseInterfaceName, parsePath } from "./paths.ts";
import { parsePolicy } from "./policy.ts";
import { Problems } from "./problems.ts";
import { parseLimitBits, parseReserve } from "./quantities.ts";
import type { Rule } from "./rules.ts";
import { checkSchema } from "./schema-errors.ts";
import { type JsonObject, Section } from "./section.ts";
import { parseTiers } from "./tiers.ts";
import {
  type CniVersion,
  type IpamConfig,
  type NetworkConfig,
  type Overcommit,
  overcommits,
} from "./types.ts";

function parseUplink(uplink: Section): NetworkConfig["uplink"] {
  return {
    name: uplink.parse("name", parseInterfaceName) ?? null,
    egressCapacityBits: uplink.quantity("egressCapacity", parseLimitBits) ?? null,
    ingressCapacityBits: uplink.quantity("ingressCapacity", parseLimitBits) ?? null,
    reserve: uplink.quantity("reserve", parseReserve) ?? defaults.reserve,
    gsoMaxBytes: uplink.number("gsoMaxSize") ?? null,
    policesHost: uplink.flag("policeHost") ?? defaults.policeHost,
  };
}

function overcommitOf(text: string | undefined): Overcommit {
  return overcommits.find((each) => each === text) ?? defaults.overcommit;
}

/** skel looks at the name before the version, and a wrong version ends all other questions at once. */
function parseIdentity(
  root: JsonObject,
  problems: Problems,
): { name: string | undefined; cniVersion: CniVersion } {
  const name = problems.attempt(() => parseName(root));
  try {
    return { name, cniVersion: parseVersion(root) };
  } catch (error) {
    problems.throwIfAny();
    throw error;
  }
}

function parseAddresses(
  root: Section,
  delegate: string | null,
  ipRanges: unknown[],
): IpamConfig | undefined {
  if (isChainedConfig(root.value)) return noIpam;
  if (delegate !== null) {
    checkDelegate(delegate, root.problems);
    return { ...noIpam, delegate };
  }
  return root.object("ipam") === undefined ? undefined : parseIpam(root, ipRanges);
}

/** What was parsed last, for the next pod of the same network in a process that serves many. */
let last: { rules: readonly Rule[]; object: JsonObject; config: NetworkConfig } | null = null;

/** What belongs to the network and not to one pod. */
function networkText({ runtimeConfig: _, prevResult: __, args: ___, ...rest }: JsonObject): string {
  return JSON.stringify(rest);
}

/**
 * The configuration of another pod of the network that was parsed last. null means that it has to be parsed
 * whole: it is another network's, or something is wrong with what belongs to the pod, or that says something
 * of the network, too.
 */
function anotherPods(rules: readonly Rule[], object: JsonObject): NetworkConfig | null {
  if (last === null || last.rules !== rules) return null;
  const { config } = last;
  if (config.chained || config.ipam.delegate !== null || config.runtime.ipRanges.length > 0)
    return null;
  if (networkText(object) !== networkText(last.object)) return null;
  const problems = new Problems();
  checkSchema(object, problems);
  const root = new Section(object, "", problems);
  const runtime = parseRuntime(root);
  const prevResult = root.object("prevResult") ?? null;
  if (problems.any || runtime.ipRanges.length > 0) return null;
  return { ...config, runtime, prevResult };
}

/**
 * Parses one plugin configuration as the runtime composes it. All of it is validated, and defaults are filled
 * in where they need no look at the node. All that is wrong is in one error, with what breaks the rules.
 * @throws FairwayError decode (not an object), incompatibleVersion, badConfig.
 */
export function parseWith(rules: readonly Rule[], raw: unknown): NetworkConfig {
  const object = configObject(raw);
  const known = anotherPods(rules, object);
  if (known !== null) return known;
  const config = parsedWhole(rules, object);
  last = { rules, object, config };
  return config;
}

function parsedWhole(rules: readonly Rule[], object: JsonObject): NetworkConfig {
  const problems = new Problems();
  const { name, cniVersion } = parseIdentity(object, problems);
  const delegate = delegateIn(object);
  // The insides of `ipam` are the other plugin's to judge.
  checkSchema(delegate === null ? object : { ...object, ipam: {} }, problems);
  const root = new Section(object, "", problems);
  const chained = isChainedConfig(object);
  if (chained) checkChained(root);

  const draft = {
    bridge: root.parse("bridge", parseInterfaceName) ?? defaults.bridge,
    uplink: parseUplink(root.section("uplink")),
    hostClasses: parseHostClasses(root.section("hostClasses")),
    tiers: parseTiers(root.section("tiers")),
    defaultTier: root.text("defaultTier") ?? null,
    policy: root.object("policy") === undefined ? null : parsePolicy(root.section("policy")),
    mtuBytes: root.number("mtu") ?? null,
  };
  const runtime = parseRuntime(root);
  const ipam = parseAddresses(root, delegate, runtime.ipRanges);
  for (const rule of rules) rule({ ...draft, ipam }, problems);
  const rest = {
    overcommit: overcommitOf(root.text("overcommit")),
    ipMasq: root.flag("ipMasq") ?? (!chained && defaults.ipMasq),
    ipMasqExcept: root.parseEach("ipMasqExcept", parseCidr),
    antiSpoof: root.flag("antiSpoof") ?? (!chained && defaults.antiSpoof),
    dns: root.object("dns") ?? null,
    dataDir: root.parse("dataDir", parsePath) ?? defaults.dataDir,
    log: {
      file: root.parse("logFile", parsePath) ?? defaults.log.file,
      level: logLevelOf(root.text("logLevel")),
    },
    runtime,
    prevResult: root.object("prevResult") ?? null,
  };
  return {
    cniVersion,
    name: problems.settle(name),
    chained,
    ...draft,
    ...rest,
    ipam: problems.settle(ipam),
  };
}
