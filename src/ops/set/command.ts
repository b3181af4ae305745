/** `fairway set` gives a living pod another promise, and takes that back. */
import { Command } from "commander";
import { FairwayError } from "../../errors.ts";
import { existingFile } from "../../ledger/folder.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { type Override, overrideOf } from "../../node/facts/override.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { changePromise, type PromiseChange, tryPromise } from "../../node/verbs/change-promise.ts";
import { type Attachment, attachmentName, type PodPromise } from "../../plan/node.ts";
import { asksUnder, settlementOf } from "../../promise/ask.ts";
import { asksWith, type Changes } from "../../promise/override.ts";
import { asUsage } from "../command-line.ts";
import {
  type CommonOptions,
  dataDirOf,
  networkConfigOf,
  refuseLost,
  withCommonOptions,
  withLedgerCopy,
  withWritableLedger,
} from "../context.ts";
import { promiseLines } from "../explain.ts";
import { overrideWords } from "../overrides.ts";
import { print } from "../print.ts";
import { refuseUsage } from "../usage.ts";
import { changesOf } from "./changes.ts";
import { isSamePromise, reasonsOf, type TierSource, withTierSource } from "./reasons.ts";

interface Options extends CommonOptions {
  reset?: boolean;
  containerId?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** What `--json` prints. */
export interface SetOutcome {
  /** The pod as NAMESPACE/NAME. */
  pod: string;
  attachment: string;
  dryRun: boolean;
  /** Whether the promise is another than before, or would be. */
  changed: boolean;
  former: PodPromise;
  promise: PodPromise;
  /**
   * The promise as it is in force: it is less where guarantees are scaled, and it has the burst that a
   * latency target leaves.
   */
  inForce: PodPromise;
  /** What is set over the pod's own annotations; null means nothing. */
  override: Override | null;
  /** Why what was asked for has no effect, in words. */
  reasons: string[];
  steps: { op: string; why: string }[];
}

function podNamed(ledger: LedgerView, [namespace, name]: PodName, options: Options): Attachment {
  const found = ledger.attachments
    .byPod(namespace, name)
    .filter((a) => options.containerId === undefined || a.containerId === options.containerId)
    .filter((a) => options.network === undefined || a.network === options.network);
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  throw only === undefined
    ? new FairwayError(
        "unknownContainer",
        `the ledger ${ledger.file} knows no pod ${namespace}/${name}`,
        "`fairway status` lists the pods; give NAMESPACE/NAME",
      )
    : new FairwayError(
        "badConfig",
        `pod ${namespace}/${name} has ${found.length} attachments: ${found.map(attachmentName).join(", ")}`,
        "say which with --container-id or --network",
      );
}

type PodName = [namespace: string, name: string];

/** What is asked. Without changes (null) all that was set is taken back. */
interface SetWords {
  pod: PodName;
  changes: Changes | null;
}

function wordsOf(pod: string, pairs: string[], reset: boolean, command: Command): SetWords {
  const [namespace = "", name = "", ...rest] = pod.includes("/")
    ? pod.split("/")
    : ["default", pod];
  if (namespace === "" || name === "" || rest.length > 0)
    refuseUsage(command, `${JSON.stringify(pod)} is not NAMESPACE/POD`, "for example shop/cart");
  if (reset ? pairs.length > 0 : pairs.length === 0)
    refuseUsage(
      command,
      "give KEY=VALUE, KEY=- to take one back, or --reset alone",
      "for example: fairway set shop/cart egress-guarantee=300M",
    );
  return asUsage(command, () => ({
    pod: [namespace, name],
    changes: reset ? null : changesOf(pairs),
  }));
}

function setIn(ledger: Ledger, words: SetWords, options: Options): SetOutcome {
  const before = podNamed(ledger, words.pod, options);
  const { changes } = words;
  const config = networkConfigOf({ ...options, network: before.network }, ledger, {});
  const source: TierSource = { config, isGiven: options.config !== undefined };
  const change: PromiseChange = {
    key: before,
    ask: (former) => {
      const asks = changes === null ? { ...former, overrides: null } : asksWith(former, changes);
      const promised = () => settlementOf(asksUnder(config, asks, before.podNamespace));
      return { asks, asked: withTierSource(changes, source, promised) };
    },
  };
  const dryRun = options.dryRun === true;
  const steps = (dryRun ? tryPromise : changePromise)(ledger, change);
  const after = ledger.attachments.find(before) ?? before;
  const trees = ledger.network(after.network)?.base.trees;
  const inForce = trees === undefined ? after : new NodeView(ledger).inForce(after, trees);
  return {
    pod: words.pod.join("/"),
    attachment: attachmentName(after),
    dryRun,
    changed: !isSamePromise(before.promise, after.promise),
    former: before.promise,
    promise: after.promise,
    inForce: inForce.promise,
    override: overrideOf(ledger, after),
    reasons: reasonsOf(changes, before, after.promise, source),
    steps: steps.map(({ op, why }) => ({ op, why })),
  };
}

const headWords = ({ dryRun, changed }: SetOutcome): string => {
  if (dryRun) return changed ? "would be promised (dry run)" : "would keep its promise (dry run)";
  return changed ? "is promised" : "keeps its promise";
};

function renderSet(outcome: SetOutcome): string {
  const { pod, attachment, promise, inForce, override, reasons, steps } = outcome;
  const promised = promiseLines(promise);
  // These lines differ where guarantees are scaled, and by the burst that a latency target leaves.
  const otherwise = promiseLines(inForce).filter((line) => !promised.includes(line));
  const lines = [
    `${pod} (${attachment}) ${headWords(outcome)}:`,
    ...promised,
    ...otherwise.map((line) => `in force, ${line}`),
    override === null
      ? "nothing is set over what the pod itself asked for"
      : `set over the pod's own: ${overrideWords(override)}`,
    ...reasons,
    ...steps.map(({ op, why }) => `${op}: ${why}`),
  ];
  return `${lines.join("\n")}\n`;
}

function set(pod: string, pairs: string[], options: Options, command: Command): void {
  const words = wordsOf(pod, pairs, options.reset === true, command);
  refuseLost(options);
  // Without a ledger there is no pod, and no ledger is made just to say so.
  const isThere = existingFile(dataDirOf(options)) !== null;
  const withLedger = options.dryRun === true || !isThere ? withLedgerCopy : withWritableLedger;
  const outcome = withLedger(options, (ledger) => setIn(ledger, words, options));
  print(outcome, options.json, renderSet);
}

export function setCommand(): Command {
  return withCommonOptions(new Command("set"))
    .description("change the promise of a living pod, until --reset or its end")
    .argument("<NAMESPACE/POD>", "the pod, as Kubernetes names it")
    .argument(
      "[KEY=VALUE...]",
      "as the annotations below fairway.dev/: egress-guarantee=300M; KEY=- takes back what was set for one key",
    )
    .option("--reset", "take back all that was set: the pod has what it asked for itself")
    .option("--container-id <ID>", "which, where the pod has several attachments")
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--json", "as data")
    .action(set);
}
