/** `fairway status` and `fairway top` tell what is promised, beside what is measured. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command, Option } from "commander";
import { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { lostLedger } from "../../node/facts/known-pods.ts";
import { knowsThisBoot } from "../../node/facts/this-boot.ts";
import { refuseBoth, requireWith } from "../command-line.ts";
import { dataDirOf, withCommonOptions, withLedgerView } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../print.ts";
import { usage } from "../usage.ts";
import { agentStatus } from "./agent.ts";
import { sortKeys } from "./class-rows.ts";
import { type Interval, type NodeStatus, nodeStatus, treeDevices } from "./model.ts";
import { defaultInterval, parseCount, parseInterval, type StatusOptions } from "./options.ts";
import { render, stdoutLook } from "./render.ts";
import { sampleDevices } from "./sample.ts";
import { select } from "./select.ts";
import { stopController } from "./stop.ts";

const intervalOf = ({ measure, interval }: StatusOptions): number => (measure ? interval : 0);

/** Measures for one interval, then reads what the ledger says by then. */
async function measuredStatus(options: StatusOptions, signal: AbortSignal): Promise<NodeStatus> {
  const intervalMs = intervalOf(options);
  const agent = await agentStatus(dataDirOf(options));
  const status = (interval: Interval | null): NodeStatus =>
    withLedgerView(options, (ledger: LedgerView) =>
      select(nodeStatus(ledger, interval, agent), options),
    );
  if (intervalMs === 0) return status(null);
  const devices = withLedgerView(options, treeDevices);
  if (devices.length === 0) return status(null);
  const looks = await sampleDevices(devices, intervalMs, signal);
  return status({ seconds: intervalMs / 1000, looks });
}

/** Goes on until the signal or the count. Returns the last status, if there was one. */
async function watch(
  options: StatusOptions,
  show: (status: NodeStatus) => void,
  signal: AbortSignal,
): Promise<NodeStatus | null> {
  let last: NodeStatus | null = null;
  try {
    for (let shown = 0; shown < (options.count ?? Number.POSITIVE_INFINITY); shown++) {
      // Where nothing is measured, it waits for an interval before each block but the first.
      if (last !== null && last.intervalSeconds === null)
        await sleep(intervalOf(options) || parseInterval(defaultInterval), undefined, { signal });
      last = await measuredStatus(options, signal);
      show(last);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return last;
}

async function runWatch(options: StatusOptions): Promise<NodeStatus | null> {
  const stop = stopController();
  if (options.json === true)
    return watch(
      options,
      (status) => void process.stdout.write(`${JSON.stringify(status)}\n`),
      stop.signal,
    );
  const { showOn } = await import("./terminal.ts");
  const display = showOn(options, render, () => stop.abort());
  try {
    return await watch(options, display.show, stop.signal);
  } finally {
    display.end();
  }
}

/** A pod that was asked for by its name and is not there is no empty answer. Throws badConfig. */
function requireShown({ pod, namespace, network }: StatusOptions, { pods }: NodeStatus): void {
  if (pod === undefined || pods.length > 0) return;
  const where = [
    ...(namespace === undefined ? [] : [` in namespace ${namespace}`]),
    ...(network === undefined ? [] : [` on network ${network}`]),
  ];
  throw new FairwayError(
    "badConfig",
    `--pod "${pod}": this node has no such pod${where.join("")}`,
    "without --pod, `fairway status` shows those that it has",
  );
}

async function runOnce(options: StatusOptions): Promise<NodeStatus> {
  const status = await measuredStatus(options, new AbortController().signal);
  requireShown(options, status);
  const { columns, colour } = stdoutLook();
  // Whoever reads it may stop before its end.
  process.stdout.on("error", () => {});
  const { wide, sort } = options;
  print(status, options.json, (found) => render(found, { columns, colour, wide, sort }));
  return status;
}

/** A ledger that knows nothing has nothing to show. One that lacks rows shows those that it has. */
function refuseEmpty(options: StatusOptions): FairwayError | null {
  return withLedgerView(options, (view) => {
    const lost = lostLedger(view);
    if (lost !== null && !knowsThisBoot(view)) throw lost;
    return lost;
  });
}

async function run(options: StatusOptions, command: Command): Promise<void> {
  refuseIdle(options, command);
  const lost = refuseEmpty(options);
  const last = await (options.watch === true ? runWatch(options) : runOnce(options));
  if (last !== null && last.drift.length > 0) process.exitCode = exitCodes.drift;
  if (lost !== null) throw lost;
}

function refuseIdle({ watch: isWatching }: StatusOptions, command: Command): void {
  refuseBoth(command, "interval", "measure", "without a measurement there is no interval");
  refuseBoth(command, "wide", "json", "the data has all of it");
  refuseBoth(command, "sort", "json", "the data stands as the ledger has it");
  if (isWatching !== true) requireWith(command, ["count"], "watch");
}

function withStatusOptions(command: Command): Command {
  return withCommonOptions(command, { needs: () => "ledger" })
    .addOption(
      new Option("--interval <TIME>", "how long to measure: 500ms, 2s, or seconds; 0 not at all")
        .argParser(usage(parseInterval))
        .default(parseInterval(defaultInterval), defaultInterval),
    )
    .option("--no-measure", "the counters of this moment only, at once")
    .addOption(
      new Option("--count <N>", "end after so many blocks (when watching)")
        .argParser(usage(parseCount))
        .default(null, "until Ctrl-C"),
    )
    .option("--pod <NAME>", "only this pod: NAME or NAMESPACE/NAME")
    .option("--namespace <NAMESPACE>", "only the pods of this namespace")
    .addOption(new Option("--sort <KEY>", "what comes first").choices(sortKeys).default("trouble"))
    .option("--wide", "all columns, the numbers of the kernel too, however wide")
    .option("--json", "as data; when watching, one line for each block");
}

export function statusCommand(): Command {
  return withStatusOptions(new Command("status"))
    .description("each pod and tree: what was promised, beside what is measured")
    .option("--watch", "again and again, until Ctrl-C")
    .action(run);
}

export function topCommand(): Command {
  return withStatusOptions(new Command("top"))
    .description("status --watch")
    .action((options: StatusOptions, command: Command) =>
      run({ ...options, watch: true }, command),
    );
}
