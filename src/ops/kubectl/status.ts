/** `kubectl fairway status` and `top` show what `fairway status` and `fairway top` show on each node. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command, Option } from "commander";
import { FairwayError } from "../../errors.ts";
import { viewPaths } from "../../metrics/pages.ts";
import { refuseBoth } from "../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../print.ts";
import { type SortKey, sortKeys } from "../status/class-rows.ts";
import { type NodeStatus, statusSchemaVersion } from "../status/model.ts";
import { defaultInterval, parseCount, parseInterval } from "../status/options.ts";
import { stdoutLook } from "../status/render.ts";
import { select } from "../status/select.ts";
import { stopController } from "../status/stop.ts";
import { usage } from "../usage.ts";
import { Agents } from "./agents.ts";
import { withApi } from "./api.ts";
import { chosen, nodesWithAgents } from "./cluster.ts";
import { fromEach } from "./each-node.ts";
import { type CommonOptions, withReach } from "./reach.ts";
import { renderSeen, type Seen, seenAsData } from "./status-text.ts";

interface StatusOptions extends CommonOptions {
  pod?: string;
  wide?: boolean;
  sort: SortKey;
  /** Milliseconds; 0 means that nothing is measured. */
  interval: number;
}

interface TopOptions extends StatusOptions {
  /** null means that it goes on until it is stopped. */
  count: number | null;
}

/** Others wait for the agent meanwhile. */
const longestMs = 10_000;

function parseLookInterval(text: string): number {
  const ms = parseInterval(text);
  if (ms <= longestMs) return ms;
  throw new Error(`${text} is more than ${longestMs / 1000}s, the longest that an agent looks`);
}

function statusIn(answer: unknown, node: string): NodeStatus {
  const { schemaVersion } = answer as Partial<NodeStatus>;
  if (schemaVersion === statusSchemaVersion) return answer as NodeStatus;
  throw new FairwayError(
    "unavailable",
    `${node}: what its agent tells has the form ${String(schemaVersion)}, and this command reads ${statusSchemaVersion}`,
    "take the kubectl fairway of the agents' version; `kubectl fairway nodes` shows that",
  );
}

/** `use` gets a function that looks once at all nodes that are meant, which may have changed since. */
const withLooks = <T>(
  options: StatusOptions,
  use: (look: () => Promise<Seen[]>) => Promise<T>,
): Promise<T> =>
  withApi(options, (api) => {
    const agents = new Agents(api);
    const query = { intervalMs: String(options.interval) };
    return use(async () =>
      fromEach(chosen(await nodesWithAgents(api), options.node), async (node) => {
        const answer = await agents.ask(node, { path: viewPaths.status, query });
        return select(statusIn(answer, node.node.name), options);
      }),
    );
  });

/** A pod that was asked for by its name and is on none of the nodes is no empty answer. */
function requireShown({ pod }: StatusOptions, seen: readonly Seen[]): void {
  const isKnown = seen.some(({ found }) => found === null || found.pods.length > 0);
  if (pod === undefined || isKnown) return;
  throw new FairwayError(
    "badConfig",
    `--pod ${JSON.stringify(pod)}: no node that was asked has such a pod`,
    "without --pod, `kubectl fairway status` shows those that there are",
  );
}

function exitCodeOf(seen: readonly Seen[]): number {
  if (seen.some(({ error }) => error !== null)) return exitCodes.failed;
  const hasDrift = seen.some(({ found }) => (found?.drift.length ?? 0) > 0);
  return hasDrift ? exitCodes.drift : exitCodes.done;
}

async function runStatus(options: StatusOptions, command: Command): Promise<void> {
  refuseIdle(command);
  const seen = await withLooks(options, (look) => look());
  requireShown(options, seen);
  // Whoever reads it may stop before its end.
  process.stdout.on("error", () => {});
  const { wide, sort } = options;
  print(seenAsData(seen), options.json, () => renderSeen(seen, { ...stdoutLook(), wide, sort }));
  process.exitCode = exitCodeOf(seen);
}

async function runTop(options: TopOptions, command: Command): Promise<void> {
  refuseIdle(command);
  const stop = stopController();
  const { showOn } = await import("../status/terminal.ts");
  const { json, count, interval } = options;
  await withLooks(options, async (look) => {
    const asLine = (seen: Seen[]): void =>
      void process.stdout.write(`${JSON.stringify(seenAsData(seen))}\n`);
    const display =
      json === true
        ? { show: asLine, end: () => {} }
        : showOn<Seen[]>(options, renderSeen, () => stop.abort());
    try {
      for (let shown = 0; shown < (count ?? Number.POSITIVE_INFINITY); shown++) {
        const seen = await Promise.race([look(), ended(stop.signal)]);
        if (seen === null) return;
        display.show(seen);
        process.exitCode = exitCodeOf(seen);
        // Where nothing is measured, or nobody answers, it would go round as fast as it can.
        if (interval === 0 || seen.every(({ found }) => found === null))
          await sleep(parseInterval(defaultInterval), null, { signal: stop.signal });
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      display.end();
    }
  });
}

function ended(signal: AbortSignal): Promise<null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  if (signal.aborted) resolve(null);
  else signal.addEventListener("abort", () => resolve(null), { once: true });
  return promise;
}

function refuseIdle(command: Command): void {
  refuseBoth(command, "wide", "json", "the data has all of it");
  refuseBoth(command, "sort", "json", "the data stands as the ledger has it");
}

const withLookOptions = (command: Command): Command =>
  withReach(command)
    .addOption(
      new Option("--interval <TIME>", "how long to measure: 500ms, 2s, or seconds; 0 not at all")
        .argParser(usage(parseLookInterval))
        .default(parseInterval(defaultInterval), defaultInterval),
    )
    .option("--pod <NAME>", "only this pod: NAME or NAMESPACE/NAME")
    .option("-n, --namespace <NAME>", "only the pods of this namespace")
    .addOption(new Option("--sort <KEY>", "what comes first").choices(sortKeys).default("trouble"))
    .option("--wide", "all columns, the numbers of the kernel too, however wide");

export const kubectlStatusCommand = (): Command =>
  withLookOptions(new Command("status"))
    .description("each node's pods and trees: what was promised, beside what is measured")
    .action(runStatus);

export const kubectlTopCommand = (): Command =>
  withLookOptions(new Command("top"))
    .description("the same again and again, until Ctrl-C")
    .addOption(
      new Option("--count <N>", "end after so many blocks")
        .argParser(usage(parseCount))
        .default(null, "until Ctrl-C"),
    )
    .action(runTop);
