/** `fairway uninstall` leaves the node as it was before Fairway. */

import fs from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { generationsFileName } from "../../kernel/own-generations.ts";
import { type LedgerView, openLedgerReadonly } from "../../ledger/ledger.ts";
import { bootId, withLedger } from "../../node/facts/open.ts";
import { othersAddresses, othersInTheWay } from "../../node/facts/others.ts";
import { forgetFormer, hasFormer, rootsThatDiffer } from "../../node/reconcile/former.ts";
import { atWorkFileName } from "../../node/verbs/at-work.ts";
import type { Step } from "../../plan/diff.ts";
import { titleOf } from "../../plan/state.ts";
import { asUsage } from "../command-line.ts";
import { noLedgerIn } from "../context.ts";
import { isFairway } from "./executable.ts";
import { abandoned, applyFiles, type FileStep, look } from "./files.ts";
import { withPlaceOptions } from "./install.ts";
import { type LivingPods, livingPods, refuseWhilePodsLive } from "./living-pods.ts";
import { type Manifest, manifestFile, readManifest } from "./manifest.ts";
import { otherFolder } from "./other-folder.ts";
import { type PlaceOptions, type Places, placesOf, pluginName } from "./places.ts";
import { conflistAt, isOwnLink, ownedPaths, settingsOf } from "./present.ts";
import { bringBack, planRemoval, removeFromNode } from "./remove.ts";

interface Options extends PlaceOptions {
  dataDir?: string;
  force?: boolean;
  keepLedger?: boolean;
  dryRun?: boolean;
}

/** Says what stays, and why. */
type Kept = string[];

const remove = (path: string): FileStep => ({ op: "remove", path, words: `remove ${path}` });

function planConflist(path: string, found: ReturnType<typeof conflistAt>, kept: Kept): FileStep[] {
  if (found === "foreign")
    kept.push(`${path}: it is no conflist with a plugin of type ${pluginName}`);
  return typeof found === "string" ? [] : [remove(path)];
}

function planBinaries(places: Places, dataDir: string, kept: Kept): FileStep[] {
  const { binary, link } = ownedPaths(places, dataDir);
  const [there, beside] = [look(binary), look(link)];
  const steps: FileStep[] = [];
  if (isOwnLink(places, beside)) steps.push(remove(link));
  else if (beside.kind !== "absent") kept.push(`${link}: it is no link to ${pluginName}`);
  if (there.kind === "file" && isFairway(binary)) steps.push(remove(binary));
  else if (there.kind !== "absent") kept.push(`${binary}: it is no Fairway`);
  return steps;
}

const ledgerFiles = [
  "ledger.db",
  "ledger.db-wal",
  "ledger.db-shm",
  atWorkFileName,
  generationsFileName,
];

function planData(dataDir: string, manifest: Manifest | null, keepLedger: boolean): FileStep[] {
  // Where the ledger stays, the record of the folders that were made for it stays, too.
  const files = keepLedger ? [] : ledgerFiles.map((name) => join(dataDir, name));
  // A folder that an ADD made, without `install`, is ours as well.
  const folders = (manifest?.foldersMade ?? [dataDir]).filter((path) => fs.existsSync(path));
  const record = manifestFile(dataDir);
  const isAround = (path: string): boolean => `${dataDir}/`.startsWith(`${path}/`);
  const removals = (paths: string[]): FileStep[] =>
    paths.toReversed().map((path) => ({
      op: "remove-folder",
      path,
      words: `remove ${path}, if it is empty then`,
    }));
  return [
    ...files.filter((path) => look(path).kind !== "absent").map(remove),
    ...removals(folders.filter((path) => !isAround(path))),
    // A later run after one that died before this finds in it what is left to do.
    ...(keepLedger || look(record).kind === "absent"
      ? []
      : [{ op: "remove-last", path: record, words: `remove ${record}` } as const]),
    ...removals(folders.filter(isAround)),
  ];
}

/** Says in words what is removed or set back. */
function wordsOf(step: Step): string {
  if (step.op === "delete") return `remove ${titleOf(step.have)}`;
  const { want } = step;
  const value =
    want.kind === "sysctl" || want.kind === "ipv6setting"
      ? ` to ${want.value}`
      : want.kind === "hostlink"
        ? `, gso_max_size ${want.gsoMaxBytes}`
        : "";
  return `set back ${titleOf(want)}${value}`;
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
      ? (settingsAt(join(asked.confDir, asked.confFile)).settings?.dataDir ?? defaults.dataDir)
      : parsePath(options.dataDir, "--data-dir");
  const manifest = readManifest(dataDir);
  const places = placesOf(options, manifest ?? {});
  const { conflist, settings } = settingsAt(ownedPaths(places, dataDir).conf);
  return { dataDir, places, conflist, manifest, logFile: settings?.log.file ?? null };
}

const withoutRecord =
  "no ledger says what was there before Fairway: the sysctls (net.ipv4.ip_forward, net.bridge.*) and the uplink's gso_max_size stay as they are";

interface Taken {
  steps: Step[];
  cannot: string[];
}

/**
 * Refuses while pods live, or while others have put something into what is ours. Throws attachmentExists;
 * nothing is changed then.
 */
function refuseLosses(view: LedgerView): void {
  refuseWhilePodsLive(view);
  const others = othersInTheWay(planRemoval(view));
  if (others.length === 0) return;
  throw new FairwayError(
    "attachmentExists",
    `what is not Fairway's is part of what it would remove: ${others.join("; ")}`,
    "move it elsewhere first (ip link set dev PORT nomaster; another table); --force removes it with ours, or leaves it without",
  );
}

/** Where there is no ledger, or one that cannot be read, this takes what bears our names. */
function takeStrays(view: LedgerView, conflist: FileStep[], force: boolean): Taken {
  if (!force) refuseLosses(view);
  const files = applyFiles(conflist);
  try {
    const steps = bringBack(view);
    files.commit();
    return { steps, cannot: steps.length === 0 ? [] : [withoutRecord] };
  } catch (error) {
    files.undo();
    throw error;
  }
}

/**
 * This runs under the lock. The conflist goes first, so that no pod begins; then what is in the kernel; then
 * the rows.
 */
function takeAll(dataDir: string, conflist: FileStep[], force: boolean): Taken {
  return withLedger(dataDir, (ledger) =>
    ledger.exclusively(() => {
      if (!force) refuseLosses(ledger);
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

interface LedgerRead {
  there: boolean;
  pods: LivingPods;
  /** What would be done; null means that this was not asked. */
  steps: Step[] | null;
  notes: string[];
}

/** Says in words what of others goes with what is ours. */
function goesAlong(view: LedgerView, steps: readonly Step[]): string[] {
  return [...othersInTheWay(steps), ...othersAddresses(view, steps)].map(
    (what) => `not Fairway's, and goes with it: ${what}`,
  );
}

/**
 * Unless `force` is given, this throws attachmentExists while pods live, and it throws whatever keeps the
 * ledger from being read.
 */
function readLedger(
  dataDir: string,
  { force, plan }: { force: boolean; plan: boolean },
): LedgerRead {
  const read = (view: LedgerView, there: boolean, notes: string[]): LedgerRead => {
    if (!force) refuseLosses(view);
    const planned = planRemoval(view);
    return {
      there,
      pods: livingPods(view),
      steps: plan ? planned : null,
      notes: [...notes, ...goesAlong(view, planned)],
    };
  };
  let view: ReturnType<typeof openLedgerReadonly>;
  try {
    view = openLedgerReadonly({ dir: dataDir, bootId: bootId() });
  } catch (error) {
    if (!force) throw error;
    return read(noLedgerIn(dataDir), false, [`the ledger was not read: ${messageOf(error)}`]);
  }
  if (view === null) return read(noLedgerIn(dataDir), false, []);
  try {
    return read(view, true, []);
  } finally {
    view.close();
  }
}

/** Says in words what --force costs: whose network or promise it takes. */
function lossesOf({ known, unknown }: LivingPods, isDryRun: boolean): string[] {
  const names = [...known, ...unknown];
  if (names.length === 0) return [];
  const [noun, have] = names.length === 1 ? ["pod", "has"] : ["pods", "have"];
  const what = isDryRun
    ? `living ${noun} would lose the network, or the promise`
    : `${noun} lived, and ${have} no network now, or no promise`;
  return [`note: ${names.length} ${what}: ${names.join(", ")}; delete them`];
}

/** inet_forward_change() calls dev_disable_lro(), and nothing in the kernel undoes that. */
function forGood(steps: readonly Step[]): string[] {
  const forwarded = steps.some(
    ({ want }) =>
      want?.kind === "sysctl" && want.path === "net/ipv4/ip_forward" && want.value === "0",
  );
  return forwarded
    ? [
        "note: when forwarding went on, the kernel switched LRO off on interfaces that had it, and leaves it off: `ethtool -K DEVICE lro on` where you want it",
      ]
    : [];
}

function checkAsked(options: Options): void {
  placesOf(options);
  if (options.dataDir !== undefined) parsePath(options.dataDir, "--data-dir");
}

function run(options: Options, command: Command): void {
  asUsage(command, () => checkAsked(options));
  const force = options.force === true;
  const { dataDir, places, manifest, logFile, ...node } = whereItLies(options);
  const elsewhere = otherFolder(dataDir, options);
  if (elsewhere !== null && !force) throw elsewhere;
  const owned = ownedPaths(places, dataDir);
  const kept: Kept = [];
  const conflist = planConflist(owned.conf, node.conflist, kept);
  const read = readLedger(dataDir, { force, plan: options.dryRun === true });
  const rest = (): FileStep[] => [
    ...abandoned([...Object.values(owned), ...ledgerFiles.map((name) => join(dataDir, name))]).map(
      remove,
    ),
    ...planBinaries(places, dataDir, kept),
    ...planData(dataDir, manifest, options.keepLedger === true),
  ];
  let taken: Taken;
  let files: FileStep[];
  if (read.steps !== null) {
    taken = { steps: read.steps, cannot: [] };
    files = rest();
  } else {
    taken = read.there
      ? takeAll(dataDir, conflist, force)
      : takeStrays(noLedgerIn(dataDir), conflist, force);
    files = rest();
    applyFiles(files).commit();
  }
  if (logFile !== null && fs.existsSync(logFile)) kept.push(`${logFile}: the log`);
  if (options.keepLedger === true && read.there) kept.push(`${dataDir}: the ledger, as asked`);
  const done = [...conflist, ...taken.steps.map((step) => ({ words: wordsOf(step) })), ...files];
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

export function uninstallCommand(): Command {
  return withPlaceOptions(new Command("uninstall"))
    .description("take Fairway off the node, and put back what was there before")
    .option(
      "--force",
      "also while pods live: each loses its network, or where Fairway is chained its promise; also with a damaged ledger, or another data folder than install.json names. --dry-run tells what breaks",
    )
    .option("--keep-ledger", "for an `install` to come")
    .action(run);
}
