/** `fairway uninstall`: the node as it was. */

import fs from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { defaults } from "../../config/defaults.ts";
import { parseCleanupConfig } from "../../config/parse.ts";
import { parsePath } from "../../config/paths.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { openLedgerReadonly } from "../../ledger/ledger.ts";
import { atWorkFileName } from "../../node/at-work.ts";
import { forgetFormer, hasFormer, rootsThatDiffer } from "../../node/former.ts";
import { bootId, withLedger } from "../../node/open.ts";
import {
  bringBack,
  livePods,
  planRemoval,
  refuseWhilePodsLive,
  removeFromNode,
} from "../../node/remove.ts";
import type { Step } from "../../plan/diff.ts";
import { titleOf } from "../../plan/state.ts";
import { emptyLedger } from "../context.ts";
import { type Conflist, ownPlugin, parseConflist, typesOf } from "./conflist.ts";
import { isFairway } from "./executable.ts";
import { abandoned, applyFiles, type FileStep, look } from "./files.ts";
import { withPlaceOptions } from "./install.ts";
import { type Manifest, manifestFile, readManifest } from "./manifest.ts";
import { ipamName, type PlaceOptions, type Places, placesOf, pluginName } from "./places.ts";

interface Options extends PlaceOptions {
  dataDir?: string;
  force?: boolean;
  keepLedger?: boolean;
  dryRun?: boolean;
}

/** What stays, and why. */
type Kept = string[];

const remove = (path: string): FileStep => ({ op: "remove", path, words: `remove ${path}` });

/** Ours; null: there is none, or it is somebody else's. */
function conflistAt(path: string): Conflist | null {
  if (look(path).kind !== "file") return null;
  try {
    const conflist = parseConflist(fs.readFileSync(path, "utf8"), path);
    return typesOf(conflist).includes(pluginName) ? conflist : null;
  } catch (error) {
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

function planConflist(path: string, ours: Conflist | null, kept: Kept): FileStep[] {
  if (ours !== null) return [remove(path)];
  if (look(path).kind !== "absent")
    kept.push(`${path}: it is no conflist with a plugin of type ${pluginName}`);
  return [];
}

function planBinaries({ binDir }: Places, kept: Kept): FileStep[] {
  const [binary, link] = [join(binDir, pluginName), join(binDir, ipamName)];
  const [there, beside] = [look(binary), look(link)];
  const steps: FileStep[] = [];
  if (beside.kind === "link" && resolve(binDir, beside.target) === binary) steps.push(remove(link));
  else if (beside.kind !== "absent") kept.push(`${link}: it is no link to ${pluginName}`);
  if (there.kind === "file" && isFairway(binary)) steps.push(remove(binary));
  else if (there.kind !== "absent") kept.push(`${binary}: it is no Fairway`);
  return steps;
}

const ledgerFiles = ["ledger.db", "ledger.db-wal", "ledger.db-shm", atWorkFileName];

function planData(dataDir: string, manifest: Manifest | null, keepLedger: boolean): FileStep[] {
  // With the ledger stays what tells which folders were made for it.
  const files = keepLedger
    ? []
    : [manifestFile(dataDir), ...ledgerFiles.map((name) => join(dataDir, name))];
  // A folder that an ADD made, without `install`, is ours as well.
  const folders = manifest?.foldersMade ?? [dataDir];
  return [
    ...files.filter((path) => look(path).kind !== "absent").map(remove),
    ...folders
      .filter((path) => fs.existsSync(path))
      .toReversed()
      .map(
        (path): FileStep => ({
          op: "remove-folder",
          path,
          words: `remove ${path}, if it is empty then`,
        }),
      ),
  ];
}

/** In words: what there was goes, or is set back. */
function wordsOf(step: Step): string {
  if (step.op === "delete") return `remove ${titleOf(step.have)}`;
  const { want } = step;
  const value =
    want.kind === "sysctl"
      ? ` to ${want.value}`
      : want.kind === "hostlink"
        ? `, gso_max_size ${want.gsoMaxBytes}`
        : "";
  return `set back ${titleOf(want)}${value}`;
}

interface Node {
  dataDir: string;
  places: Places;
  conf: string;
  conflist: Conflist | null;
  manifest: Manifest | null;
  logFile: string | null;
}

function whereItLies(options: Options): Node {
  const asked = placesOf(options);
  const first = conflistAt(join(asked.confDir, asked.confFile));
  const settings = (conflist: Conflist | null) => {
    if (conflist === null) return null;
    const { name, cniVersion } = conflist.json;
    return parseCleanupConfig({ ...ownPlugin(conflist, asked.confFile), name, cniVersion });
  };
  const dataDir =
    options.dataDir === undefined
      ? (settings(first)?.dataDir ?? defaults.dataDir)
      : parsePath(options.dataDir, "--data-dir");
  const manifest = readManifest(dataDir);
  const places = placesOf(options, manifest ?? {});
  const conf = join(places.confDir, places.confFile);
  const conflist = conflistAt(conf);
  return {
    dataDir,
    places,
    conf,
    conflist,
    manifest,
    logFile: settings(conflist)?.log.file ?? null,
  };
}

const withoutRecord =
  "no ledger says what was there before Fairway: the sysctls (net.ipv4.ip_forward, net.bridge.*) and the uplink's gso_max_size stay as they are";

interface Taken {
  steps: Step[];
  cannot: string[];
}

/** Without a ledger, or with one that cannot be read: what bears our names. */
function takeStrays(conflist: FileStep[]): Taken {
  const files = applyFiles(conflist);
  try {
    const steps = bringBack(emptyLedger);
    files.commit();
    return { steps, cannot: steps.length === 0 ? [] : [withoutRecord] };
  } catch (error) {
    files.undo();
    throw error;
  }
}

/** Under the lock: the conflist first, so that no pod begins; then the kernel; then the rows. */
function takeAll(dataDir: string, conflist: FileStep[], force: boolean): Taken {
  return withLedger(dataDir, (ledger) =>
    ledger.exclusively(() => {
      if (!force) refuseWhilePodsLive(ledger);
      const files = applyFiles(conflist);
      try {
        const recorded = hasFormer(ledger);
        const steps = removeFromNode(ledger);
        const cannot = rootsThatDiffer(ledger);
        if (!recorded && steps.length > 0) cannot.push(withoutRecord);
        forgetFormer(ledger);
        files.commit();
        return { steps, cannot };
      } catch (error) {
        files.undo();
        throw error;
      }
    }),
  );
}

/** What a damaged ledger stands in the way of is done with --force. */
function ledgerThere(dataDir: string, force: boolean): { there: boolean; note: string[] } {
  try {
    const view = openLedgerReadonly({ dir: dataDir, bootId: bootId() });
    view?.close();
    return { there: view !== null, note: [] };
  } catch (error) {
    if (!force) throw error;
    return { there: false, note: [`the ledger was not read: ${messageOf(error)}`] };
  }
}

function planned(dataDir: string, there: boolean, force: boolean): Step[] {
  const view = there ? openLedgerReadonly({ dir: dataDir, bootId: bootId() }) : null;
  try {
    if (view !== null && !force) refuseWhilePodsLive(view);
    return planRemoval(view ?? emptyLedger);
  } finally {
    view?.close();
  }
}

function countLive(dataDir: string, there: boolean): number {
  const view = there ? openLedgerReadonly({ dir: dataDir, bootId: bootId() }) : null;
  try {
    return view === null ? 0 : livePods(view).length;
  } finally {
    view?.close();
  }
}

function run(options: Options): void {
  const force = options.force === true;
  const node = whereItLies(options);
  const { dataDir, places, conf, manifest, logFile } = node;
  const kept: Kept = [];
  const conflist = planConflist(conf, node.conflist, kept);
  const { there, note } = ledgerThere(dataDir, force);
  const live = countLive(dataDir, there);
  const owned = [
    conf,
    manifestFile(dataDir),
    join(places.binDir, pluginName),
    join(places.binDir, ipamName),
  ];
  const rest = (): FileStep[] => [
    ...abandoned(owned).map(remove),
    ...planBinaries(places, kept),
    ...planData(dataDir, manifest, options.keepLedger === true),
  ];
  let taken: Taken;
  let files: FileStep[];
  if (options.dryRun === true) {
    taken = { steps: planned(dataDir, there, force), cannot: [] };
    files = rest();
  } else {
    taken = there ? takeAll(dataDir, conflist, force) : takeStrays(conflist);
    files = rest();
    applyFiles(files).commit();
  }
  if (logFile !== null && fs.existsSync(logFile)) kept.push(`${logFile}: the log`);
  if (options.keepLedger === true && there) kept.push(`${dataDir}: the ledger, as asked`);
  const done = [...conflist, ...taken.steps.map((step) => ({ words: wordsOf(step) })), ...files];
  const lines = [
    ...done.map(({ words }) => words),
    ...note.map((each) => `note: ${each}`),
    ...(live > 0 ? [`note: ${live} pods lived, and have no network now: delete them`] : []),
    ...taken.cannot.map((each) => `not put back: ${each}`),
    ...kept.map((each) => `kept: ${each}`),
    ...(done.length === 0 ? ["nothing to do: Fairway is not on this node"] : []),
    ...(options.dryRun === true ? ["nothing was done: --dry-run"] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

export function uninstallCommand(): Command {
  return withPlaceOptions(new Command("uninstall"))
    .description("take Fairway off the node, and put back what was there before")
    .option("--force", "also while pods live, whose network goes; also with a damaged ledger")
    .option("--keep-ledger", "for an `install` to come")
    .action(run);
}
