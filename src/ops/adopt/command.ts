/**
 * `fairway adopt` gives their promises to pods that were there before Fairway stood in the chain, without that
 * they are started anew.
 */
import { join } from "node:path";
import { Command } from "commander";
import { settingsInForce } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import type { ChainRecord } from "../../chain/record.ts";
import { add } from "../../cni/add.ts";
import { formatRate } from "../../config/quantities.ts";
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { hasNetns } from "../../kernel/netns.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { directions } from "../../plan/node.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { wholeNode } from "../applicable.ts";
import { asUsage } from "../command-line.ts";
import {
  type CommonOptions,
  dataDirOf,
  readConfigFile,
  refuseLost,
  withCommonOptions,
  withLedgerView,
} from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isThere } from "../install/files.ts";
import { type Manifest, readManifest } from "../install/manifest.ts";
import { defaultCacheDir } from "../libcni-cache.ts";
import { type KnownAnnotations, requestFor, type Standing } from "./asked.ts";
import { type CachedPod, readCachedPods } from "./cached.ts";

interface Options extends CommonOptions {
  cacheDir?: string;
  cri?: string;
  dryRun?: boolean;
  allowRefused?: boolean;
}

/** Our plugin as it is in force: what `install` recorded may have been changed where it stands. */
function pluginInForce({ confDir, confFile }: Manifest, chain: ChainRecord): JsonObject {
  const edited = join(confDir, chain.original);
  if (chain.way === "in-place" && isThere(edited)) return readConfigFile(edited);
  if (chain.way !== "copy") return chain.plugin;
  return settingsInForce(readFolder(confDir), confFile, chain).plugin;
}

/** Of --config, else of what `install --chain` wrote down. Throws badConfig, decode, io. */
function standingOf(options: Options): Standing {
  if (options.config !== undefined) {
    const plugin = readConfigFile(options.config);
    return { network: String(plugin.name), plugin };
  }
  const dataDir = dataDirOf(options);
  const manifest = readManifest(dataDir);
  const chain = manifest?.chain;
  if (manifest !== null && chain !== undefined)
    return { network: chain.network, plugin: pluginInForce(manifest, chain) };
  throw new FairwayError(
    "badConfig",
    `nothing in ${dataDir} says that Fairway stands behind another network: only pods of such a network can be adopted`,
    "`fairway install --chain` first; where the chain was written by hand, give it with --config FILE",
  );
}

async function annotationsOf({ cri }: Options, command: Command): Promise<KnownAnnotations> {
  if (cri === undefined) return null;
  const { listAnnotations, socketPath } = await import("../../cri/sandboxes.ts");
  asUsage(command, () => socketPath(cri));
  return listAnnotations(cri);
}

interface Candidate {
  pod: CachedPod;
  /** An ADD of it that died, or is still at work, has left a row. */
  isHalfAdded: boolean;
}

/** Those that live and have no promise. */
function candidatesAmong(
  pods: readonly CachedPod[],
  network: string,
  view: LedgerView,
): Candidate[] {
  return pods
    .filter(({ netns }) => hasNetns(netns))
    .flatMap((pod) => {
      const { containerId, ifname } = pod;
      const row = view.attachments.find({ network, containerId, ifname });
      return row?.phase === "ready" ? [] : [{ pod, isHalfAdded: row !== null }];
    });
}

function nameOf({ args, containerId, ifname }: CachedPod): string {
  const { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name } = args;
  const pod = namespace === undefined || name === undefined ? containerId : `${namespace}/${name}`;
  return `${pod}, ${ifname}`;
}

/** What the pod is promised, of an ADD's facts. */
function guaranteesIn(facts: JsonObject): string[] {
  const promise = isObject(facts.promise) ? facts.promise : {};
  return directions.flatMap((direction) => {
    const own = promise[direction];
    return isObject(own) && typeof own.guaranteeBits === "number" && own.guaranteeBits > 0
      ? [`${direction} guarantee ${formatRate(own.guaranteeBits)}bit/s`]
      : [];
  });
}

interface Tried {
  line: string;
  isAdopted: boolean;
}

const halfAdded = new FairwayError(
  "attachmentExists",
  "an ADD of it has begun, and has not ended",
  "`fairway gc` frees what an ADD that died has left, then adopt it again",
);

function adopt(
  { pod, isHalfAdded }: Candidate,
  standing: Standing,
  known: KnownAnnotations,
  dry: boolean,
): Tried {
  const name = nameOf(pod);
  try {
    if (isHalfAdded) throw halfAdded;
    const request = requestFor(pod, standing, known);
    if (dry) {
      parseNetworkConfig(request.config);
      return { line: `would adopt: ${name}`, isAdopted: true };
    }
    const { facts } = add(request);
    const line = [`adopted: ${name}`, ...guaranteesIn(facts)].join(", ");
    return { line, isAdopted: true };
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    const details = error.details === undefined ? "" : `; ${error.details}`;
    return { line: `not adopted: ${name}: ${messageOf(error)}${details}`, isAdopted: false };
  }
}

async function run(options: Options, command: Command): Promise<void> {
  const known = await annotationsOf(options, command);
  const standing = standingOf(options);
  refuseLost(options);
  const { network } = standing;
  const cacheDir = options.cacheDir ?? defaultCacheDir;
  // A runtime makes the folder with its first ADD.
  if (options.allowRefused === true && !isThere(cacheDir)) {
    process.stdout.write(`nothing to do: there is no ${cacheDir}, so no ADD is on record there\n`);
    return;
  }
  const { pods, unreadable } = readCachedPods(cacheDir, network);
  const candidates = withLedgerView(options, (view) => candidatesAmong(pods, network, view));
  const dry = options.dryRun === true;
  const tried = candidates.map((each) => adopt(each, standing, known, dry));
  const lines = [
    ...tried.map(({ line }) => line),
    ...unreadable.map((each) => `not read: ${each}`),
    ...(tried.length === 0 ? ["nothing to do: each pod of this network that lives is known"] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const isWhole = unreadable.length === 0 && tried.every(({ isAdopted }) => isAdopted);
  if (!isWhole && options.allowRefused !== true) process.exitCode = exitCodes.failed;
}

export function adoptCommand(): Command {
  return withCommonOptions(new Command("adopt"), { ...wholeNode, needs: () => "nothing" })
    .description(
      "give their promises to pods that were there before Fairway stood in the chain (install --chain)",
    )
    .option("--cache-dir <DIR>", `where the runtime keeps results (default: ${defaultCacheDir})`)
    .option(
      "--cri <ENDPOINT>",
      "the runtime's socket (unix:///run/containerd/containerd.sock): it tells pods' annotations where the records do not",
    )
    .option("--allow-refused", "exit code 0 also where some are refused: they are named")
    .option(
      "--dry-run",
      "name them, and change nothing; what each is refused for only an ADD tells",
    )
    .action(run);
}
