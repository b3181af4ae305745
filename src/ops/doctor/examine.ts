/** Runs all groups of findings, and says what they come to. */
import { join } from "node:path";
import { confFiles } from "../../cni/conf-files.ts";
import type { JsonObject } from "../../config/section.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { openLedgerReadonly } from "../../ledger/ledger.ts";
import { bootId } from "../../node/facts/open.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { lookAtAgent } from "../agent/look.ts";
import {
  type CommonOptions,
  dataDirOf,
  emptyLedger,
  noLedgerIn,
  readConfigFile,
} from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Manifest, readManifest } from "../install/manifest.ts";
import { type PlaceOptions, type Places, placesOf, pluginName } from "../install/places.ts";
import { agent } from "./agent.ts";
import { bridges } from "./bridges.ts";
import { chain } from "./chain.ts";
import { claims } from "./claims.ts";
import { conflists } from "./conflists.ts";
import { drift } from "./drift.ts";
import { executableFits } from "./executable-fits.ts";
import { attempt, driftId, type Finding, type Group, ok, warn } from "./finding.ts";
import { forwarding } from "./forward.ts";
import { installation } from "./installation.ts";
import { kernelParts } from "./kernel-parts.ts";
import { leafQueues } from "./leaf-queues.ts";
import { leaks } from "./leaks.ts";
import { ledger } from "./ledger.ts";
import { places } from "./places.ts";
import { platform } from "./platform.ts";
import { pools } from "./pools.ts";
import { overrides, promises } from "./promises.ts";
import { flowtables, roots } from "./roots.ts";
import { rules } from "./rules.ts";
import { shapers } from "./shapers.ts";
import { spoofing } from "./spoofing.ts";
import { subnets } from "./subnets.ts";
import { sysctls } from "./sysctls.ts";
import { tools } from "./tools.ts";
import { uplink } from "./uplink.ts";
import { ways } from "./ways.ts";

const groups: Group[] = [
  tools,
  ({ configs }) => kernelParts(configs.some(({ chained }) => chained)),
  leafQueues,
  installation,
  agent,
  executableFits,
  conflists,
  chain,
  platform,
  ledger,
  uplink,
  subnets,
  roots,
  flowtables,
  forwarding,
  rules,
  ways,
  sysctls,
  bridges,
  places,
  pools,
  spoofing,
  shapers,
  promises,
  overrides,
  claims,
  drift,
  leaks,
];

/**
 * Takes --config, else what the ledger recorded of --network or of each network, else what `install` wrote.
 */
function rawConfigs(
  options: CommonOptions,
  view: LedgerView,
  { confDir, confFile }: Places,
): JsonObject[] {
  if (options.config !== undefined) return [readConfigFile(options.config)];
  const { network } = options;
  const known = view.networks().filter(({ name }) => network === undefined || name === network);
  if (known.length > 0) return known.map(({ config }) => JSON.parse(config) as JsonObject);
  const written = confFiles(confDir).find(({ name }) => name === confFile);
  const isOurs = written?.types.includes(pluginName) === true;
  return isOurs && (network === undefined || written.network === network)
    ? [readConfigFile(join(confDir, confFile))]
    : [];
}

function configsOf(
  options: CommonOptions,
  view: LedgerView,
  places: Places,
): { configs: NetworkConfig[]; found: Finding[] } {
  const configs: NetworkConfig[] = [];
  const found = attempt("config", () =>
    rawConfigs(options, view, places).flatMap((raw) =>
      attempt("config", () => {
        const config = parseNetworkConfig({ ...raw, runtimeConfig: {} });
        configs.push(config);
        return [ok("config", `network ${config.name}, CNI ${config.cniVersion}`)];
      }),
    ),
  );
  if (found.length > 0) return { configs, found };
  return {
    configs,
    found: [
      warn(
        "config",
        "none is known: uplink, capacity, root qdiscs and promises were not looked at",
        "give --config FILE (the conflist), or come back after the first ADD",
      ),
    ],
  };
}

function open(dataDir: string): { view: LedgerView | null; found: Finding[] } {
  let view: LedgerView | null = null;
  const found = attempt("ledger", () => {
    view = openLedgerReadonly({ dir: dataDir, bootId: bootId() }) ?? noLedgerIn(dataDir);
    return [];
  });
  return { view, found };
}

export interface ExamineOptions extends CommonOptions, PlaceOptions {}

function installed(
  options: ExamineOptions,
  dataDir: string,
): { places: Places; manifest: Manifest | null; found: Finding[] } {
  let manifest: Manifest | null = null;
  const found = attempt("install", () => {
    manifest = readManifest(dataDir);
    return [];
  });
  return { places: placesOf(options, manifest ?? {}), manifest, found };
}

/**
 * The networks of the conflists that call Fairway, in the folder where `install` put one or which --conf-dir
 * names. Throws badConfig.
 */
export function networksOfConflists(options: ExamineOptions): string[] {
  const { places } = installed(options, dataDirOf(options));
  return confFiles(places.confDir).flatMap(({ network, types }) =>
    network !== null && types.includes(pluginName) ? [network] : [],
  );
}

/** Several groups may fail for one reason, such as no uplink: only the first of them tells it. */
export function onceEach(findings: readonly Finding[]): Finding[] {
  const told = new Set<string>();
  return findings.filter(({ level, found }) => {
    if (level !== "error") return true;
    const isNew = !told.has(found);
    told.add(found);
    return isNew;
  });
}

/** This touches nothing. A group that fails is a finding. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  let dataDir = "";
  const unknown = attempt("config", () => {
    dataDir = dataDirOf(options);
    return [];
  });
  if (unknown.length > 0) return [...unknown, ...tools(), ...kernelParts()];
  const { places, manifest, found: unreadable } = installed(options, dataDir);
  const look = await lookAtAgent(places.binDir);
  const { view, found: opened } = open(dataDir);
  using ledger = view;
  const all = ledger ?? emptyLedger;
  const { configs, found } = configsOf(options, all, places);
  const patient = { dataDir, ledger, view: all, configs, places, manifest, agent: look };
  return onceEach([
    ...opened,
    ...found,
    ...unreadable,
    // What a group does not catch itself comes from a ledger that cannot be read to its end.
    ...groups.flatMap((group) => attempt("ledger", () => group(patient))),
  ]);
}

/** Drift has a code of its own, unless something worse was found. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const errors = findings.filter(({ level }) => level === "error");
  if (errors.length === 0) return exitCodes.done;
  return errors.every(({ id }) => id === driftId) ? exitCodes.drift : exitCodes.failed;
}
