/** Checks whether the options that all commands take apply in a call: the data folder, and the network. */
import fs from "node:fs";
import { type Command, Option } from "commander";
import { defaults } from "../config/defaults.ts";
import { FairwayError } from "../errors.ts";
import { existingFile } from "../ledger/folder.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { refuseLostLedger } from "../node/facts/lost-ledger.ts";
import {
  isInstalledIn,
  isSameFolder,
  type NamedFolder,
  namedFolder,
} from "./install/named-folder.ts";
import { refuseUsage } from "./usage.ts";

export interface Scope {
  /**
   * What --network may name: a network that is "known" already, or "any" name. "none" means that the command
   * is about the whole node.
   */
  network: "known" | "any" | "none";
  /** What has to be there: the folder of a "ledger", a "folder" in which one may be made, or "nothing". */
  needs: (command: Command) => "ledger" | "folder" | "nothing";
  /** Names the networks that are known beside those of the ledger. */
  alsoKnown?: (command: Command) => string[];
  /** Set where the command's own report names what cannot be read. */
  tellsFaults?: true;
}

export interface CommonOptions {
  config?: string;
  dataDir?: string;
  network?: string;
}

/** The scope of commands that are about all networks at once. */
export const wholeNode = { network: "none" } as const satisfies Partial<Scope>;

/** Where the option has no meaning, it is not shown, and giving it is refused with the reason. */
export const networkOption = ({ network }: Scope): Option => {
  const option = new Option("--network <NAME>", "the network, where the ledger knows several");
  return network === "none" ? option.hideHelp() : option;
};

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** It is null also where what would name the folder cannot be read. */
function readableName(): NamedFolder | null {
  try {
    return namedFolder();
  } catch (error) {
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

/** Says which folder to give, as far as the node tells. */
function folderAdvice(dataDir: string): string {
  const named = readableName();
  if (named === null)
    return `give the folder that the conflist names as "dataDir" (default: ${defaults.dataDir})`;
  return isSameFolder(named.dataDir, dataDir)
    ? `${named.by} names this folder, too: the first ADD makes what is missing`
    : `Fairway is installed with ${named.dataDir} (${named.by} says so): give --data-dir ${named.dataDir}`;
}

/**
 * Whether the node has pods that no ledger knows: then the ledger was lost, and the command itself says so.
 */
function isLost(view: () => LedgerView): boolean {
  try {
    refuseLostLedger(view());
    return false;
  } catch {
    return true;
  }
}

function requireFolder(command: Command, asked: string | undefined, dataDir: string): void {
  if (asked === undefined || isFolder(dataDir)) return;
  const what = fs.existsSync(dataDir) ? "it is no folder" : "there is no such folder";
  refuseUsage(command, `--data-dir ${JSON.stringify(asked)}: ${what}`, folderAdvice(dataDir));
}

/**
 * A folder without a ledger is no mistake before the first ADD, nor after a loss, of which the command itself
 * tells. It is a mistake where the installation names another folder, and where files of others are in it.
 */
function requireLedger(
  command: Command,
  needed: "ledger" | "folder",
  asked: string | undefined,
  dataDir: string,
  view: () => LedgerView,
): void {
  if (existingFile(dataDir) !== null || isInstalledIn(dataDir) || isLost(view)) return;
  const named = readableName();
  if (named !== null && !isSameFolder(named.dataDir, dataDir))
    refuseUsage(command, `there is no ledger in ${dataDir}`, folderAdvice(dataDir));
  if (needed === "ledger" && asked !== undefined && fs.readdirSync(dataDir).length > 0)
    refuseUsage(
      command,
      `--data-dir ${JSON.stringify(asked)}: there are files in it, and no ledger among them`,
      folderAdvice(dataDir),
    );
}

/** `config` is what --config gave: that file names a folder of its own. */
export function requireDataDir(
  command: Command,
  { needs }: Scope,
  { dataDir: asked, config }: CommonOptions,
  dataDir: string,
  view: () => LedgerView,
): void {
  const needed = needs(command);
  if (needed === "nothing") return;
  requireFolder(command, asked, dataDir);
  if (asked !== undefined || config === undefined)
    requireLedger(command, needed, asked, dataDir, view);
}

/** The networks of pods, of other plugins' attachments and of kept addresses. */
export function networksIn(view: LedgerView): string[] {
  const recorded = view.networks().map(({ name }) => name);
  const others = [...view.reservations.all(), ...view.holds.all(Date.now())];
  return [...new Set([...recorded, ...others.map(({ network }) => network)])].sort();
}

/**
 * `configured` is the network of --config, which is the only one then. `known` gives null where the networks
 * cannot be told.
 */
export function requireNetwork(
  command: Command,
  { network: use }: Scope,
  network: string | undefined,
  configured: string | null,
  known: () => string[] | null,
): void {
  if (network === undefined || use === "any") return;
  const given = `--network ${JSON.stringify(network)}`;
  if (use === "none")
    refuseUsage(
      command,
      `${given} does not apply: \`fairway ${command.name()}\` is about the whole node`,
      "leave it out",
    );
  if (configured !== null && configured !== network)
    refuseUsage(
      command,
      `${given}, and --config is of network ${configured}`,
      "give the configuration of that network, or leave --network out",
    );
  const names = configured === null ? known() : [configured];
  if (names !== null && !names.includes(network))
    refuseUsage(
      command,
      `${given}: no such network is known`,
      names.length === 0
        ? "none is known yet: a network is known from its first ADD on; give --config FILE, or leave --network out"
        : `known: ${names.join(", ")}`,
    );
}
