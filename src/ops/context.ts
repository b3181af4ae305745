/** Gives the operator's commands their configuration and their ledger. */
import { join } from "node:path";
import type { Command } from "commander";
import { parseCleanupConfig } from "../config/cleanup.ts";
import { defaults } from "../config/defaults.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { ledgerFileName } from "../ledger/folder.ts";
import {
  type Ledger,
  type LedgerView,
  openLedgerCopy,
  openLedgerReadonly,
} from "../ledger/ledger.ts";
import { nothingPromised } from "../ledger/promised.ts";
import { requireKnownPods } from "../node/facts/known-pods.ts";
import { requireSound } from "../node/facts/lost-ledger.ts";
import { bootId, withLedger } from "../node/facts/open.ts";
import { firstPodMinor } from "../plan/names.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import {
  type CommonOptions,
  networkOption,
  networksIn,
  requireDataDir,
  requireNetwork,
  type Scope,
} from "./applicable.ts";
import { parsedJson, readText } from "./read.ts";

export type { CommonOptions };

/** The scope of most commands. */
const usualScope: Scope = { network: "known", needs: () => "folder" };

/** What does not apply is refused before the command's own action; see `Scope`. */
export function withCommonOptions(command: Command, over: Partial<Scope> = {}): Command {
  const scope = { ...usualScope, ...over };
  return (
    command
      // An added command does not inherit this. Without it a wrong option would end with 1.
      .exitOverride()
      .option(
        "--config <FILE>",
        "a conflist or a plugin configuration, instead of what the ledger recorded",
      )
      .addOption(networkOption(scope))
      .option(
        "--data-dir <DIR>",
        `the ledger's folder (default: the configuration's, else ${defaults.dataDir})`,
      )
      .hook("preAction", () => requireApplicable(command, scope))
  );
}

function requireApplicable(command: Command, scope: Scope): void {
  const options = command.opts<CommonOptions>();
  const { config, network } = options;
  /** null means that it cannot be read; the command itself tells that. */
  const readable = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (scope.tellsFaults === true && error instanceof FairwayError) return null;
      throw error;
    }
  };
  // A configuration that is given is read even where nothing of it is used: it may be the wrong file.
  const cleanup =
    config === undefined ? null : readable(() => parseCleanupConfig(readConfigFile(config)));
  if (config !== undefined && cleanup === null) return;
  const dataDir = options.dataDir ?? cleanup?.dataDir ?? defaults.dataDir;
  requireDataDir(command, scope, options, dataDir, () => noLedgerIn(dataDir));
  requireNetwork(command, scope, network, cleanup?.name ?? null, () =>
    readable(() => [...withLedgerView(options, networksIn), ...(scope.alsoKnown?.(command) ?? [])]),
  );
}

/** Returns our plugin's object of a conflist, with the name and the version that libcni would put in. */
function pluginOf(file: string, parsed: unknown): JsonObject {
  if (!isObject(parsed))
    throw new FairwayError(
      "decode",
      `${file} holds no JSON object`,
      "give a conflist or a plugin configuration",
    );
  if (!Array.isArray(parsed.plugins)) return parsed;
  const own = parsed.plugins.filter(isObject).find((plugin) => plugin.type === "fairway");
  if (own === undefined)
    throw new FairwayError(
      "badConfig",
      `${file} has no plugin of type fairway`,
      "give the conflist that the runtime loads",
    );
  return { ...own, name: parsed.name, cniVersion: parsed.cniVersion };
}

/** Throws io, decode, badConfig. */
export function readConfigFile(file: string): JsonObject {
  return pluginOf(file, parsedJson(readText(file), file));
}

export function dataDirOf(options: CommonOptions): string {
  if (options.dataDir !== undefined) return options.dataDir;
  return options.config === undefined
    ? defaults.dataDir
    : parseCleanupConfig(readConfigFile(options.config)).dataDir;
}

/** Stands for the ledger of a node that has none yet. */
export const emptyLedger: LedgerView = {
  file: "(none)",
  faults: () => [],
  close: () => {},
  [Symbol.dispose]: () => {},
  attachments: {
    find: () => null,
    all: () => [],
    any: () => false,
    withTarget: () => [],
    largestMtuBytes: () => 0,
    promised: () => nothingPromised,
    byPod: () => [],
    freeClassMinor: () => firstPodMinor,
  },
  attachmentsOfEarlierBoots: () => [],
  reservations: { find: () => [], holder: () => null, among: () => [], all: () => [] },
  holds: { all: () => [], of: () => [], at: () => null, among: () => [] },
  leaseHolder: () => null,
  leasedAmong: () => [],
  cursor: () => null,
  networksBehind: () => [],
  usage: () => ({ attachments: 0, addresses: 0 }),
  network: () => null,
  networks: () => [],
  fact: () => null,
  factsUnder: () => new Map(),
  formerRoots: () => [],
  claimsOfPod: () => [],
  allClaims: () => [],
};

/** The same ledger with a folder's path, so that messages can name the file. */
export const noLedgerIn = (dir: string): LedgerView => ({
  ...emptyLedger,
  file: join(dir, ledgerFileName),
});

/** This only looks: it makes no folder and no file. */
export function withLedgerView<T>(options: CommonOptions, use: (ledger: LedgerView) => T): T {
  const dir = dataDirOf(options);
  using ledger = openLedgerReadonly({ dir, bootId: bootId() }) ?? noLedgerIn(dir);
  return use(ledger);
}

/**
 * Whoever is about to change the ledger calls this before opening it for that. Where the ledger was lost, or
 * belongs to another folder, not even an empty one is made. Throws ledgerUnusable.
 */
export function refuseLost(options: CommonOptions): void {
  withLedgerView(options, (view) => {
    requireSound(view);
    requireKnownPods(view);
  });
}

export function withWritableLedger<T>(options: CommonOptions, use: (ledger: Ledger) => T): T {
  return withLedger(dataDirOf(options), use);
}

/** This tries what would happen: what is written goes away with the copy, and no folder or file is made. */
export function withLedgerCopy<T>(options: CommonOptions, use: (ledger: Ledger) => T): T {
  using ledger = openLedgerCopy({ dir: dataDirOf(options), bootId: bootId() });
  return use(ledger);
}

/**
 * Takes --config, else what the last ADD of --network recorded, else what the last ADD of the only network
 * recorded.
 */
export function networkConfigOf(
  options: CommonOptions,
  ledger: LedgerView,
  runtimeConfig: JsonObject,
): NetworkConfig {
  if (options.config !== undefined)
    return parseNetworkConfig({ ...readConfigFile(options.config), runtimeConfig });
  const known = ledger.networks();
  const names = known.map((n) => n.name).join(", ") || "none";
  const chosen =
    options.network === undefined
      ? known.length === 1
        ? known[0]
        : undefined
      : ledger.network(options.network);
  if (chosen === undefined || chosen === null)
    throw new FairwayError(
      "badConfig",
      options.network === undefined
        ? `no configuration: --config is not given, and the ledger knows ${known.length} networks (${names})`
        : `the ledger knows no network ${options.network} (it knows: ${names})`,
      "give --config FILE or --network NAME",
    );
  return parseNetworkConfig({ ...(JSON.parse(chosen.config) as JsonObject), runtimeConfig });
}
