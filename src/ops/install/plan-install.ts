/** Plans what `install` would do, and finds what stands in its way. It touches nothing. */
import fs from "node:fs";
import { join } from "node:path";
import { confFiles, inWords } from "../../cni/conf-files.ts";
import { sortsBefore } from "../../config/conf-names.ts";
import { parsePath } from "../../config/paths.ts";
import { formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { type LedgerView, openLedgerReadonly } from "../../ledger/ledger.ts";
import { lookAtLedger } from "../../ledger/look.ts";
import { baseInForce } from "../../node/facts/capacity.ts";
import { placeText } from "../../node/facts/chained.ts";
import { bootId } from "../../node/facts/open.ts";
import { findUplink } from "../../node/facts/uplink.ts";
import { requireReady } from "../../node/verbs/readiness.ts";
import { emptyLedger } from "../context.ts";
import { kernelParts } from "../doctor/kernel-parts.ts";
import { judgeLedger } from "../doctor/ledger.ts";
import { type InstallOptions, noSubnet } from "./asked.ts";
import {
  type AskedSettings,
  type Conflist,
  parseConflist,
  plainConflist,
  refuseOtherShapers,
  typesOf,
  validated,
  withAsked,
} from "./conflist.ts";
import { type FileStep, isThere } from "./files.ts";
import { readManifest } from "./manifest.ts";
import { nodeExecutable } from "./node-executable.ts";
import { type Places, placesOf, pluginName } from "./places.ts";
import { type PlannedAgent, planAgent } from "./plan-agent.ts";
import { isChained, planChain } from "./plan-chain.ts";
import { planFiles } from "./plan-files.ts";
import type { PlannedNetwork } from "./plan-network.ts";
import { planPrograms, requireLauncher } from "./plan-programs.ts";
import { planText } from "./plan-text.ts";
import { conflistAt, ownedPaths, settingsOf, unitAt } from "./present.ts";
import { refuseMove } from "./refuse-move.ts";
import { askedSubnets, readInput } from "./subnets.ts";

export interface InstallPlan {
  steps: FileStep[];
  /** Its files are among the steps. */
  agent: PlannedAgent;
  /** What a person should know though it does not stand in the way. */
  notes: string[];
  /** Says in one line what the node has then. */
  summary: string;
}

/**
 * The conflist under our name; null means that there is none. Throws badConfig where it is somebody else's.
 */
function presentConflist(path: string): Conflist | null {
  const found = conflistAt(path);
  if (found === "absent") return null;
  if (found !== "foreign") return found;
  throw new FairwayError(
    "badConfig",
    `${path} is there, and is no conflist with a plugin of type ${pluginName}`,
    "it is not overwritten: move it away, or give another name with --conf-file",
  );
}

function askedOf(options: InstallOptions): AskedSettings {
  const { networkName, uplink, egressCapacity, ingressCapacity, ipMasqExcept, dataDir } = options;
  return {
    subnets: askedSubnets(options),
    ...{ networkName, uplink, egressCapacity, ingressCapacity, ipMasqExcept },
    dataDir: dataDir === undefined ? undefined : parsePath(dataDir, "--data-dir"),
  };
}

function conflistFor(options: InstallOptions, path: string, present: Conflist | null): Conflist {
  const asked = askedOf(options);
  if (options.conflist !== undefined) {
    const given = parseConflist(readInput(options.conflist), options.conflist);
    return withAsked(given, asked, options.conflist);
  }
  if (present !== null) return withAsked(present, asked, path);
  if (asked.subnets !== undefined)
    return withAsked(plainConflist(asked.subnets), asked, "the conflist");
  throw noSubnet(path);
}

function refuseMoves(dataDir: string, places: Places): void {
  const path = join(places.confDir, places.confFile);
  const present = conflistAt(path);
  if (typeof present !== "string")
    refuseMove("dataDir", settingsOf(present, path).dataDir, dataDir);
  const manifest = readManifest(dataDir);
  if (manifest === null) return;
  if (isThere(join(manifest.binDir, pluginName)))
    refuseMove("--bin-dir", manifest.binDir, places.binDir);
  if (!isThere(join(manifest.confDir, manifest.confFile))) return;
  refuseMove("--conf-dir", manifest.confDir, places.confDir);
  refuseMove("--conf-file", manifest.confFile, places.confFile);
}

function refuseUnitMove(dataDir: string, places: Places): void {
  const { unitDir } = readManifest(dataDir) ?? {};
  if (unitDir !== undefined && unitAt(ownedPaths({ ...places, unitDir }, dataDir)) === "own")
    refuseMove("--unit-dir", unitDir, places.unitDir);
}

function refuseLedger(dataDir: string): void {
  const bad = judgeLedger(lookAtLedger(dataDir)).find(({ level }) => level === "error");
  if (bad === undefined) return;
  throw new FairwayError("ledgerUnusable", `the ledger: ${bad.found}`, bad.todo ?? undefined);
}

/** Refuses another bridge or uplink while pods live: the former ones carry what was promised to them. */
function refuseChangeUnderPods(view: LedgerView, config: NetworkConfig): void {
  const pods = view.attachments.all().length;
  const recorded = view.networks().find(({ isOfThisBoot }) => isOfThisBoot)?.base;
  if (pods === 0 || recorded === undefined) return;
  const base = baseInForce(view, config, findUplink(config.uplink, config.bridge));
  for (const [what, before, now] of [
    ["bridge", placeText(recorded.ingress), placeText(base.ingress)],
    ["uplink", recorded.trees.uplink, base.trees.uplink],
  ] as const)
    if (before !== now)
      throw new FairwayError(
        "badConfig",
        `${pods} pods of this node are promised their shares on ${what} ${before}, and ${now} is asked for`,
        `change the ${what} on a node without pods: drain it first`,
      );
}

const isPoolExhausted = (error: unknown): boolean =>
  error instanceof FairwayError && (error.kind === "poolExhausted" || isPoolExhausted(error.cause));

/**
 * Checks the node by STATUS' own rules. That a node is full is no reason against an upgrade, so it is only a
 * note.
 */
function checkNode({ config, behind }: PlannedNetwork): { notes: string[]; summary: string } {
  refuseLedger(config.dataDir);
  using view = openLedgerReadonly({ dir: config.dataDir, bootId: bootId() }) ?? emptyLedger;
  const notes: string[] = [];
  refuseChangeUnderPods(view, config);
  try {
    requireReady(view, config);
  } catch (error) {
    if (!(error instanceof FairwayError) || !isPoolExhausted(error)) throw error;
    notes.push(`${error.message}: ${error.details ?? ""}`);
  }
  const uplink = findUplink(config.uplink, config.bridge);
  const { trees, subnets } = baseInForce(view, config, uplink);
  const summary = [
    `network ${config.name}${behind === null ? `: ${subnets.join(", ")}` : ` behind ${behind}`}`,
    `uplink ${trees.uplink}`,
    `egress ${formatRate(trees.egressCapacityBits)}bit/s`,
    `ingress ${formatRate(trees.ingressCapacityBits)}bit/s`,
  ].join(", ");
  return { notes, summary };
}

/** Runtimes take the first file by name: if another's came before ours, nothing would be promised. */
function judgeOrder({ confDir, confFile }: Places, allowed: boolean): string[] {
  const earlier = confFiles(confDir).filter(({ name }) => sortsBefore(name, confFile));
  if (earlier.length === 0) return [];
  const found = `${earlier.map(inWords).join(", ")} in ${confDir} sorts before ${confFile}: runtimes take the first`;
  const todo =
    "move it away (rename it to end in .bak), or give a --conf-file that sorts before it, such as 00-fairway.conflist";
  if (allowed) return [`${found}, and Fairway promises nothing unless that one calls it`];
  throw new FairwayError(
    "badConfig",
    found,
    `${todo}; --allow-earlier where that one is meant to come first (Multus)`,
  );
}

/** Names the other plugins of the chain that the runtime will not find. */
function judgeChain(conflist: Conflist, { binDir }: Places): string[] {
  return typesOf(conflist)
    .filter((type) => type !== pluginName && !fs.existsSync(join(binDir, type)))
    .map(
      (type) =>
        `the conflist names the plugin ${type}, which is not in ${binDir}: no pod starts without it, unless the runtime has another folder for it`,
    );
}

/**
 * The places that are asked for; the unit's else where an earlier run put it, so that an upgrade needs no
 * options.
 */
function placesFor(options: InstallOptions, dataDir: string): Places {
  const { unitDir } = readManifest(dataDir) ?? {};
  return placesOf(options, unitDir === undefined ? {} : { unitDir });
}

/** A network of Fairway's own. */
function planOwn(options: InstallOptions): PlannedNetwork {
  const { confDir, confFile } = placesOf(options);
  const path = join(confDir, confFile);
  const conflist = conflistFor(options, path, presentConflist(path));
  const of = options.conflist ?? path;
  const config = validated(conflist, of);
  const places = placesFor(options, config.dataDir);
  refuseOtherShapers(conflist, of);
  return {
    ...{ conflist, config, places },
    // Only root may read it, as the CIS benchmark wants it.
    files: planText(path, conflist.text, 0o600),
    ...{ folders: [], chain: null, behind: null },
    notes: judgeOrder(places, options.allowEarlier === true),
  };
}

/** Throws whatever stands in the way. */
export function planInstall(options: InstallOptions): InstallPlan {
  // Before all else: whoever took a wrong build should hear of nothing else.
  nodeExecutable(options);
  const network = isChained(options) ? planChain(options) : planOwn(options);
  const { conflist, config, places, chain } = network;
  const { dataDir } = config;
  refuseMoves(dataDir, places);
  refuseUnitMove(dataDir, places);
  const { notes, summary } = checkNode(network);
  const missing = kernelParts(config.chained).filter(({ level }) => level === "error");
  const paths = ownedPaths(places, dataDir);
  const programs = planPrograms(paths, options);
  if (options.agent === true) requireLauncher(programs);
  const { confDir, unitDir } = places;
  const { executable, socket } = programs;
  const writesConf = chain?.way === "copy";
  const agent = planAgent(paths, {
    agent: options.agent,
    unitDir,
    settings: { executable, socket, dataDir, confDir, writesConf },
    changes: programs.steps.some((step) => step.path !== paths.binary),
  });
  return {
    steps: planFiles(network, places, dataDir, { programs, agent }),
    agent,
    notes: [
      ...notes,
      ...programs.notes,
      ...agent.notes,
      ...network.notes,
      ...judgeChain(conflist, places),
      ...missing.map(({ id, found, todo }) => `${id}: ${found}; ${todo}`),
    ],
    summary,
  };
}
