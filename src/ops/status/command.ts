/** `fairway status` and `fairway top` tell what is promised, beside what is measured. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command, Option } from "commander";
import type { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { lostLedger } from "../../node/facts/known-pods.ts";
import { knowsThisBoot } from "../../node/facts/this-boot.ts";
import { refuseBoth, requireWith } from "../command-line.ts";
import { dataDirOf, withCommonOptions, withLedgerView } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../print.ts";
import { usage } from "../usage.ts";
import { agentStatus } from "./agent.ts";
import { type Interval, type NodeStatus, nodeStatus, treeDevices } from "./model.ts";
import { ofNetwork } from "./of-network.ts";
import { defaultInterval, parseCount, parseInterval, type StatusOptions } from "./options.ts";
import { renderStatus } from "./render.ts";
import { sampleDevices } from "./sample.ts";
import { type Display, displayOn } from "./watch.ts";

const intervalOf = ({ measure, interval }: StatusOptions): number => (measure ? interval : 0);

/** Measures for one interval, then reads what the ledger says by then. */
async function measuredStatus(options: StatusOptions, signal: AbortSignal): Promise<NodeStatus> {
  const intervalMs = intervalOf(options);
  const agent = await agentStatus(dataDirOf(options));
  const status = (interval: Interval | null): NodeStatus =>
    withLedgerView(options, (ledger: LedgerView) =>
      ofNetwork(nodeStatus(ledger, interval, agent), options.network),
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

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The signal is aborted by the user's Ctrl-C, by a TERM, or by a reader that went away (EPIPE:
 * `fairway top | head`). It stays in place for the rest of the process: a second Ctrl-C must not end it before the terminal
 * is given back.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of endSignals) process.on(name, stop);
  process.stdout.on("error", stop);
  return controller.signal;
}

function stdoutDisplay(): Display {
  const { stdout } = process;
  return displayOn({
    isTTY: stdout.isTTY === true,
    get columns() {
      return stdout.columns ?? 80;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    write: (text) => void stdout.write(text),
  });
}

async function runWatch(options: StatusOptions): Promise<NodeStatus | null> {
  const asData = options.json === true;
  const display = asData ? null : stdoutDisplay();
  const show = (status: NodeStatus): void => {
    if (display === null) process.stdout.write(`${JSON.stringify(status)}\n`);
    else display.show(renderStatus(status));
  };
  try {
    return await watch(options, show, stopSignal());
  } finally {
    display?.end();
  }
}

async function runOnce(options: StatusOptions): Promise<NodeStatus> {
  const status = await measuredStatus(options, new AbortController().signal);
  print(status, options.json, renderStatus);
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
