/** Plans what `install` would do, and finds what stands in its way. It touches nothing. */
import fs from "node:fs";
import { join } from "node:path";
import { confFiles, inWords, sortsBefore } from "../../cni/conf-files.ts";
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
import { requireRunsHere } from "../host/facts.ts";
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
import { ownExecutable } from "./executable.ts";
import { type FileStep, isThere } from "./files.ts";
import { readManifest } from "./manifest.ts";
import { type Places, placesOf, pluginName } from "./places.ts";
import { type PlannedAgent, planAgent } from "./plan-agent.ts";
import { planFiles } from "./plan-files.ts";
import { planPrograms, requireLauncher } from "./plan-programs.ts";
import { conflistAt, ownedPaths, settingsOf, unitAt } from "./present.ts";
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
  const { networkName, uplink, egressCapacity, ingressCapacity, dataDir } = options;
  return {
    subnets: askedSubnets(options),
    ...{ networkName, uplink, egressCapacity, ingressCapacity },
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

/** Refuses to move something: its former place would stay as it is, and nobody would clean it up. */
function refuseMove(what: string, before: string, now: string): void {
  if (before === now) return;
  throw new FairwayError(
    "badConfig",
    `Fairway is installed with ${what} ${before} on this node, and ${now} is asked for`,
    `run \`fairway uninstall\` first, or leave ${what} as it is`,
  );
}

function refuseMoves(
  present: Conflist | null,
  path: string,
  dataDir: string,
  places: Places,
): void {
  if (present !== null) refuseMove("dataDir", settingsOf(present, path).dataDir, dataDir);
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
function checkNode(config: NetworkConfig): { notes: string[]; summary: string } {
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
    `network ${config.name}: ${subnets.join(", ")}`,
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

/** Throws whatever stands in the way. */
export function planInstall(options: InstallOptions): InstallPlan {
  requireRunsHere(ownExecutable());
  const { confDir, confFile } = placesOf(options);
  const path = join(confDir, confFile);
  const present = presentConflist(path);
  const conflist = conflistFor(options, path, present);
  const config = validated(conflist, options.conflist ?? path);
  const { dataDir } = config;
  const places = placesFor(options, dataDir);
  refuseOtherShapers(conflist, options.conflist ?? path);
  refuseMoves(present, path, dataDir, places);
  refuseUnitMove(dataDir, places);
  const { notes, summary } = checkNode(config);
  const missing = kernelParts().filter(({ level }) => level === "error");
  const paths = ownedPaths(places, dataDir);
  const programs = planPrograms(paths, options);
  if (options.agent === true) requireLauncher(programs);
  const agent = planAgent(paths, {
    agent: options.agent,
    unitDir: places.unitDir,
    settings: { executable: programs.executable, socket: programs.socket, dataDir, confDir },
    changes: programs.steps.some((step) => step.path !== paths.binary),
  });
  return {
    steps: planFiles(conflist, places, dataDir, { programs, agent }),
    agent,
    notes: [
      ...notes,
      ...programs.notes,
      ...agent.notes,
      ...judgeOrder(places, options.allowEarlier === true),
      ...judgeChain(conflist, places),
      ...missing.map(({ id, found, todo }) => `${id}: ${found}; ${todo}`),
    ],
    summary,
  };
}
