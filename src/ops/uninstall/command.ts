/** `fairway uninstall` leaves the node as it was before Fairway. */
import fs from "node:fs";
import { Command } from "commander";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { asUsage } from "../command-line.ts";
import { noLedgerIn } from "../context.ts";
import { letSettingsBeWritten } from "../host/writable-settings.ts";
import { withPlaceOptions } from "../install/command.ts";
import { applyFiles, type FileStep } from "../install/files.ts";
import { type Manifest, readManifest } from "../install/manifest.ts";
import { namedByConflist } from "../install/named-folder.ts";
import { type PlaceOptions, type Places, placesOf } from "../install/places.ts";
import { planNoAgent } from "../install/plan-agent.ts";
import { conflistAt, ownedPaths, settingsOf } from "../install/present.ts";
import { withUnit } from "../install/with-unit.ts";
import { otherFolder } from "./other-folder.ts";
import { planUnchain } from "./plan-chain.ts";
import {
  type Kept,
  keptOfUnit,
  planAbandoned,
  planBinaries,
  planConflist,
  planData,
} from "./plan-files.ts";
import { readLedger, type Taken, takeAll, takeStrays } from "./take.ts";
import { forGood, lossesOf, wordsOf } from "./words.ts";

interface Options extends PlaceOptions {
  dataDir?: string;
  force?: boolean;
  keepLedger?: boolean;
  dryRun?: boolean;
  stay?: boolean;
}

interface Node {
  dataDir: string;
  places: Places;
  conflist: ReturnType<typeof conflistAt>;
  manifest: Manifest | null;
  logFile: string | null;
}

/** Takes the options, else the conflist in the place that they tell, else what `install` wrote down. */
function whereItLies(options: Options): Node {
  const asked = placesOf(options);
  const settingsAt = (path: string) => {
    const conflist = conflistAt(path);
    return { conflist, settings: typeof conflist === "string" ? null : settingsOf(conflist, path) };
  };
  const dataDir =
    options.dataDir === undefined
      ? (namedByConflist(asked)?.dataDir ?? defaults.dataDir)
      : parsePath(options.dataDir, "--data-dir");
  const manifest = readManifest(dataDir);
  const places = placesOf(options, manifest ?? {});
  const { conflist, settings } = settingsAt(ownedPaths(places, dataDir).conf);
  return { dataDir, places, conflist, manifest, logFile: settings?.log.file ?? null };
}

function checkAsked(options: Options): void {
  placesOf(options);
  if (options.dataDir !== undefined) parsePath(options.dataDir, "--data-dir");
}

function run(options: Options, command: Command): void {
  asUsage(command, () => checkAsked(options));
  // What was set before is set back, and in a container it could not be.
  if (options.dryRun !== true) letSettingsBeWritten();
  const force = options.force === true;
  const { dataDir, places, manifest, logFile, ...node } = whereItLies(options);
  const elsewhere = otherFolder(dataDir, options);
  if (elsewhere !== null && !force) throw elsewhere;
  const kept: Kept = [];
  const paths = ownedPaths(places, dataDir);
  const conflist = [
    ...planUnchain(dataDir, places, manifest, kept),
    ...planConflist(paths.conf, node.conflist, kept),
  ];
  const read = readLedger(dataDir, { force, plan: options.dryRun === true });
  const agent = planNoAgent(paths, places.unitDir);
  keptOfUnit(paths, kept);
  const rest = (): FileStep[] => [
    ...agent.files,
    ...planAbandoned(places, dataDir, conflist),
    ...planBinaries(places, dataDir, kept),
    ...planData(dataDir, manifest, options.keepLedger === true),
  ];
  let taken: Taken;
  let files: FileStep[];
  if (read.steps !== null) {
    taken = { steps: read.steps, cannot: [] };
    files = rest();
  } else {
    // The agent goes first: it would put back what is taken away. Verbs are processes of their own then.
    ({ taken, files } = withUnit(agent, () => {
      const taken = read.there
        ? takeAll(dataDir, conflist, force)
        : takeStrays(noLedgerIn(dataDir), conflist, force);
      const files = rest();
      applyFiles(files).commit();
      // What was taken cannot be undone.
      return { taken, files, undo: () => {} };
    }));
  }
  if (logFile !== null && fs.existsSync(logFile)) kept.push(`${logFile}: the log`);
  if (options.keepLedger === true && read.there) kept.push(`${dataDir}: the ledger, as asked`);
  const done = [
    ...agent.before,
    ...conflist,
    ...taken.steps.map((step) => ({ words: wordsOf(step) })),
    ...files,
    ...agent.after,
  ];
  const lines = [
    ...done.map(({ words }) => words),
    ...read.notes.map((each) => `note: ${each}`),
    ...(elsewhere === null ? [] : [`note: ${elsewhere.message}`]),
    ...forGood(taken.steps),
    ...lossesOf(read.pods, options.dryRun === true),
    ...taken.cannot.map((each) => `not put back: ${each}`),
    ...kept.map((each) => `kept: ${each}`),
    ...(done.length === 0 ? ["nothing to do: Fairway is not on this node"] : []),
    ...(options.dryRun === true ? ["nothing was done: --dry-run"] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** A container of a DaemonSet that ended would be started again and again. */
async function stay(): Promise<void> {
  const forEver = setInterval(() => {}, 2 ** 30);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  clearInterval(forEver);
}

export function uninstallCommand(): Command {
  return withPlaceOptions(new Command("uninstall"))
    .description("take Fairway off the node, and put back what was there before")
    .option(
      "--force",
      "also while pods live: each loses its network, or where Fairway is chained its promise; also with a damaged ledger, or another data folder than install.json names. --dry-run tells what breaks",
    )
    .option("--keep-ledger", "for an `install` to come")
    .option("--stay", "go on when it is done, until told to end (SIGTERM): for a DaemonSet")
    .action(async (options: Options, command: Command) => {
      run(options, command);
      if (options.stay === true) await stay();
    });
}
