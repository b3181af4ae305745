/** Plans how Fairway gets behind the network that is there, and finds what stands against it. It touches nothing. */
import { join } from "node:path";
import type { ChainSettings } from "../../chain/compose.ts";
import type { NetworkList } from "../../chain/conf-text.ts";
import { type FolderFile, type Primary, primaryOf } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import { type ChainRecord, type ChainWay, followedIn } from "../../chain/record.ts";
import { sortsBefore } from "../../config/conf-names.ts";
import { defaults } from "../../config/defaults.ts";
import { parseName } from "../../config/identity.ts";
import { parsePath } from "../../config/paths.ts";
import type { JsonObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import type { InstallOptions } from "./asked.ts";
import { planCopy, planDropIn, planInPlace, type WayFiles } from "./chain-ways.ts";
import {
  type Conflist,
  ownPlugin,
  parseConflist,
  plainPlugin,
  validated,
  withAsked,
} from "./conflist.ts";
import { isThere } from "./files.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { namedByCopy } from "./named-folder.ts";
import { type Places, placesOf } from "./places.ts";
import type { PlannedNetwork } from "./plan-network.ts";
import { refuseMove } from "./refuse-move.ts";
import { readInput } from "./subnets.ts";

/** The ledger's folder that is asked for, else the one that the copy names, else the usual one. */
function chainDataDir(options: InstallOptions): string {
  if (options.dataDir !== undefined) return parsePath(options.dataDir, "--data-dir");
  return namedByCopy(placesOf(options).confDir)?.dataDir ?? defaults.dataDir;
}

/** Whether it is asked for, or was done before: an upgrade needs no options. Throws io, decode. */
export const isChained = (options: InstallOptions): boolean =>
  options.chain === true || followedIn(chainDataDir(options)) !== null;

/** They sort before nearly all that others give their files. */
const usualCopyName = "00-fairway-chained.conflist";
const copyNames = [usualCopyName, "00-00-fairway-chained.conflist", "0-fairway-chained.conflist"];

/** A name for the copy that sorts before all that is there. */
export function copyNameBefore(files: readonly FolderFile[]): string {
  const others = files.map(({ name }) => name).filter((name) => !copyNames.includes(name));
  const found = copyNames.find((name) => !others.some((other) => sortsBefore(other, name)));
  return found ?? usualCopyName;
}

const noPrimary = (confDir: string, why: string): FairwayError =>
  new FairwayError(
    "unavailable",
    `${confDir}: ${why}`,
    "`install --chain` stands behind the network that is there, and never makes one: install that one first, or give --wait TIME. Where the runtime reads elsewhere: --conf-dir",
  );

const plainText = (json: JsonObject): Conflist => ({ json, text: "" });

/** Our plugin as it was recorded, or of an own conflist, or the plainest, with what is asked put into it. */
function pluginFor(options: InstallOptions, recorded: ChainRecord | null): JsonObject {
  const { conflist: file, uplink, egressCapacity, ingressCapacity } = options;
  const of = file ?? "the plugin";
  const base =
    file === undefined
      ? (recorded?.plugin ?? plainPlugin)
      : ownPlugin(parseConflist(readInput(file), file), file);
  if (base.ipam !== undefined)
    throw new FairwayError(
      "badConfig",
      `${of}: the plugin has "ipam", and with --chain the plugins before it give the addresses`,
      'leave "ipam" out: conf/after-bridge.conflist shows such a plugin',
    );
  const asked = withAsked(
    plainText({ cniVersion: "1.0.0", name: "chain", plugins: [base] }),
    {
      ...{ subnets: undefined, networkName: undefined },
      ...{ uplink, egressCapacity, ingressCapacity, ipMasqExcept: undefined },
      dataDir: options.dataDir,
    },
    of,
  );
  return ownPlugin(asked, of);
}

function refuseOwnNetwork(manifest: Manifest | null): void {
  if (manifest === null || manifest.chain !== undefined) return;
  const path = join(manifest.confDir, manifest.confFile);
  if (!isThere(path)) return;
  throw new FairwayError(
    "badConfig",
    `Fairway is installed with a network of its own (${path}), and --chain is asked for`,
    "run `fairway uninstall` first",
  );
}

function refuseOwnNetworksOptions(options: InstallOptions): void {
  const { subnet = [], subnetFromNodeJson, subnetFromConflist, networkName } = options;
  const isAsked =
    subnet.length > 0 ||
    options.ipMasqExcept !== undefined ||
    [subnetFromNodeJson, subnetFromConflist, networkName].some((each) => each !== undefined);
  if (!isAsked) return;
  throw new FairwayError(
    "badConfig",
    "Fairway is installed behind another network here, whose name and subnets are its own",
    "leave the subnet, --network-name and --ip-masq-except out; for a network of Fairway's own, `fairway uninstall` first",
  );
}

interface Asked {
  options: InstallOptions;
  manifest: Manifest | null;
  recorded: ChainRecord | null;
  settings: ChainSettings;
  way: ChainWay;
  places: Places;
  dataDir: string;
  files: FolderFile[];
}

function askedOf(options: InstallOptions): Asked {
  const dataDir = chainDataDir(options);
  const manifest = readManifest(dataDir);
  const recorded = manifest?.chain ?? null;
  refuseOwnNetwork(manifest);
  refuseOwnNetworksOptions(options);
  const { confDir } = placesOf(options);
  const files = readFolder(confDir);
  const confFile = recorded === null ? copyNameBefore(files) : manifest?.confFile;
  const known = {
    ...(confFile && { confFile }),
    ...(manifest?.unitDir && { unitDir: manifest.unitDir }),
  };
  const way = options.chainWay ?? recorded?.way ?? "copy";
  if (recorded !== null) {
    refuseMove("--chain-way", recorded.way, way);
    refuseMove("--conf-dir", manifest?.confDir ?? confDir, confDir);
  }
  return {
    ...{ options, manifest, recorded, way, dataDir, files },
    settings: {
      plugin: pluginFor(options, recorded),
      replacesBandwidth: options.replaceBandwidth ?? recorded?.replacesBandwidth ?? false,
    },
    places: placesOf(options, known),
  };
}

function filesFor(asked: Asked, primary: Primary & { state: "there" }): WayFiles {
  const { way, settings, places, dataDir, files, recorded } = asked;
  switch (way) {
    case "copy":
      return planCopy(files, places, settings);
    case "drop-in":
      return planDropIn(primary, places, settings);
    case "in-place":
      return planInPlace(primary, { places, dataDir, settings, recorded });
  }
}

/** As the runtime will compose it. Throws badConfig where our plugin would not be chained. */
function readBack(json: JsonObject, of: string): PlannedNetwork["config"] {
  const config = validated(plainText(json), of);
  if (config.chained) return config;
  throw new RangeError("a plugin without ipam is chained");
}

/** An upgrade while the network is away: the agent makes the copy when it comes. */
function withoutPrimary(asked: Asked, recorded: ChainRecord, why: string): PlannedNetwork {
  const { settings, places } = asked;
  const json = { cniVersion: "1.0.0", name: recorded.network, plugins: [settings.plugin] };
  return {
    ...{ conflist: plainText(json), config: readBack(json, "the plugin"), places },
    ...{ files: [], folders: [], behind: recorded.original },
    chain: { ...recorded, ...settings },
    notes: [`${places.confDir}: ${why}: the network's files were left as they are`],
  };
}

const typesOf = ({ plugins }: NetworkList): string =>
  plugins.map(({ type }) => String(type)).join(", ");

/** Throws whatever stands against it. */
export function planChain(options: InstallOptions): PlannedNetwork {
  const asked = askedOf(options);
  const { settings, places, way, recorded, files } = asked;
  const primary = primaryOf(files, places.confFile);
  if (primary.state === "awaited") {
    if (recorded !== null) return withoutPrimary(asked, recorded, primary.why);
    throw noPrimary(places.confDir, primary.why);
  }
  const { file, list } = primary;
  const network = parseName({ name: list.name });
  const planned = filesFor(asked, primary);
  return {
    conflist: plainText(planned.json),
    config: readBack(planned.json, join(places.confDir, file)),
    ...{ places, files: planned.steps, folders: planned.folders, notes: planned.notes },
    chain: { way, ...settings, original: file, network },
    behind: `${typesOf(list)} (${file})`,
  };
}
