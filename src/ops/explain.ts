/** `fairway explain` prints what would be done, as lines of ip, tc, nft and sysctl. It touches nothing. */
import { Command } from "commander";
import { attachAskOf, podOf } from "../cni/attach-ask.ts";
import { isContainerId } from "../cni/environment.ts";
import { parseInterfaceName } from "../config/paths.ts";
import { formatDuration, formatRate } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { withCapacityInForce } from "../node/facts/capacity.ts";
import { requireKnownPods } from "../node/facts/known-pods.ts";
import { leafQueues } from "../node/facts/leaf-queues.ts";
import { refuseLostLedger } from "../node/facts/lost-ledger.ts";
import { requireNetns } from "../node/facts/netns-asked.ts";
import { podClaims } from "../node/facts/pod-claims.ts";
import { refuseOverlaps } from "../node/facts/surroundings.ts";
import { planRepairSettled } from "../node/reconcile/repair.ts";
import { stepsOf } from "../node/reconcile/run.ts";
import { baseAndPod, refuseConflicts } from "../node/reconcile/scopes.ts";
import { planAdded } from "../node/reconcile/shares.ts";
import { NodeView } from "../node/reconcile/view.ts";
import { type AttachAsk, type Proposal, propose } from "../node/verbs/propose.ts";
import type { Step } from "../plan/diff.ts";
import {
  type Attachment,
  attachmentName,
  type Direction,
  directions,
  type PodPromise,
} from "../plan/node.ts";
import { linesOf, shellLine } from "../plan/render.ts";
import { tiersRefusal } from "../promise/tiers.ts";
import { shareLine } from "./claim-words.ts";
import { asUsage, isGiven, requireWith } from "./command-line.ts";
import {
  type CommonOptions,
  networkConfigOf,
  withCommonOptions,
  withLedgerView,
} from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { print } from "./print.ts";
import { collect } from "./usage.ts";

interface Options extends CommonOptions {
  netns?: string;
  containerId: string;
  ifname: string;
  annotation: string[];
  pod?: string;
  podUid?: string;
  json?: boolean;
}

/** Says in words what a promise is, in one line for each direction. */
export function promiseLines(promise: PodPromise): string[] {
  const { latencyTargetUs } = promise;
  // On ingress a latency target gives precedence, in addition to a guarantee.
  const words = (direction: Direction): string => {
    if (latencyTargetUs === null || promise[direction].guaranteeBits === 0) return "";
    return direction === "egress"
      ? `, latency target ${formatDuration(latencyTargetUs)}`
      : ", first";
  };
  return [
    ...directions.map((direction) => {
      const { guaranteeBits, limitBits, burstBytes } = promise[direction];
      const guarantee =
        guaranteeBits === 0 ? "best effort" : `guarantee ${formatRate(guaranteeBits)}bit/s`;
      const limit = limitBits === null ? "no limit" : `limit ${formatRate(limitBits)}bit/s`;
      const burst = burstBytes === null ? "" : `, burst ${burstBytes} bytes`;
      return `${direction}: ${guarantee}, ${limit}${burst}${words(direction)}`;
    }),
    ...promise.notes,
  ];
}

function annotationsOf(pairs: string[]): Record<string, string> {
  const found = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const key = pair.slice(0, at);
    if (at < 1)
      throw new FairwayError(
        "badConfig",
        `--annotation ${JSON.stringify(pair)} is not KEY=VALUE`,
        "for example fairway.dev/tier=high",
      );
    if (found.has(key))
      throw new FairwayError(
        "badConfig",
        `--annotation ${key} is given twice`,
        "a pod has one value for each key: which of both holds is not guessed",
      );
    found.set(key, pair.slice(at + 1));
  }
  return Object.fromEntries(found);
}

/** Names the pod as a runtime does in CNI_ARGS. */
function podArgs({ pod, podUid }: Pick<Options, "pod" | "podUid">): Record<string, string> {
  const uid = podUid === undefined ? {} : { K8S_POD_UID: podUid };
  if (pod === undefined) return uid;
  const [namespace, name, ...rest] = pod.split("/");
  if (!namespace || !name || rest.length > 0)
    throw new FairwayError(
      "badConfig",
      `--pod ${JSON.stringify(pod)} is not NAMESPACE/NAME`,
      "for example shop/cart",
    );
  return { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, ...uid };
}

/** Throws badConfig for what no runtime would call an ADD with. */
function checkPod(options: Options): void {
  const { annotation, containerId, ifname } = options;
  annotationsOf(annotation);
  podArgs(options);
  parseInterfaceName(ifname, "--ifname");
  if (isContainerId(containerId)) return;
  throw new FairwayError(
    "badConfig",
    `--container-id ${JSON.stringify(containerId)} is not what a runtime calls a container`,
    "it has letters, digits, '_', '.' and '-', and begins with a letter or a digit",
  );
}

interface Explained {
  about: string[];
  steps: Step[];
  /** What is wrong with the configuration on this node, though not for this pod. */
  wrong: FairwayError | null;
}

function explainPod(ledger: LedgerView, options: Options, netns: string): Explained {
  const runtimeConfig = { "io.kubernetes.cri.pod-annotations": annotationsOf(options.annotation) };
  const config = networkConfigOf(options, ledger, runtimeConfig);
  requireNetns(netns, false);
  refuseLostLedger(ledger);
  if (config.ipam.delegate !== null)
    throw new FairwayError(
      "badConfig",
      `the addresses of network ${config.name} are ${config.ipam.delegate}'s to give, and to ask for one would take it`,
      "`fairway explain` without --netns shows the node; an ADD shows the rest",
    );
  if (config.chained)
    throw new FairwayError(
      "badConfig",
      `network ${config.name} is chained: the pod's interface and addresses are another plugin's, and only its ADD makes them`,
      "`fairway explain` without --netns shows the node; an ADD shows the rest",
    );
  const { containerId, ifname } = options;
  const request = { containerId, ifname, netns, args: podArgs(options) };
  const claims = podClaims(ledger, podOf(request));
  const asked = withCapacityInForce(ledger, attachAskOf(request, config, null, null, claims));
  refuseOverlaps(asked.base);
  const proposal = propose(ledger, asked);
  const { base } = asked;
  const view = new NodeView(ledger).with(base);
  const ready: Attachment = { ...proposal.attachment, phase: "ready" };
  const added = planAdded(view, ready, base.trees);
  const after = view.with(base, [added.own, ...added.others]);
  const steps = stepsOf(baseAndPod(after, added.own, base));
  const queues = leafQueues(ledger);
  return {
    about: [
      ...aboutPod(asked, { ...proposal, attachment: added.own }),
      ...claims.map(shareLine),
      `leaf queues: ${queues.kind} (${queues.why})`,
    ],
    // An ADD first takes from the others what this pod needs.
    steps: [...added.steps, ...steps],
    wrong: tiersRefusal(config.tiers, base.trees),
  };
}

function aboutPod({ base }: AttachAsk, { attachment, freeBits, latency }: Proposal): string[] {
  return [
    `ADD of ${attachmentName(attachment)}: ${attachment.leases.map((l) => l.address).join(", ")}, class ${attachment.classMinor.toString(16)}`,
    ...promiseLines(attachment.promise),
    ...(latency === null ? [] : [`egress latency: ${latency}`]),
    ...directions.map((direction) => {
      const capacity = formatRate(base.trees[`${direction}CapacityBits`]);
      const reserve = formatRate(base.trees[`${direction}ReserveBits`]);
      return `${direction}: capacity ${capacity}bit/s, reserve ${reserve}bit/s, free after this ${formatRate(freeBits[direction])}bit/s`;
    }),
  ];
}

function explainNode(ledger: LedgerView): Explained {
  requireKnownPods(ledger);
  const { steps, conflicts } = planRepairSettled(ledger);
  refuseConflicts(conflicts);
  const about =
    steps.length === 0
      ? "nothing to do: the node is as the ledger says"
      : "what `fairway repair` would do";
  return { about: [about], steps, wrong: null };
}

interface Printed {
  about: string[];
  steps: (Step & { lines: ReturnType<typeof linesOf> })[];
}

function render({ about, steps }: Printed): string {
  const lines = about.map((line) => `# ${line}`);
  for (const step of steps) lines.push(`# ${step.why}`, ...step.lines.map(shellLine));
  return `${lines.join("\n")}\n`;
}

export function explainCommand(): Command {
  return withCommonOptions(new Command("explain"), {
    // Before the first ADD there is a configuration to explain, and no ledger.
    needs: (command) => (isGiven(command, "config") ? "nothing" : "ledger"),
  })
    .description(
      "print what would be done, touching nothing: for a pod with --netns, else for the whole node",
    )
    .option("--netns <PATH>", "explain the ADD of a pod with this network namespace")
    .option("--container-id <ID>", "the pod's container id", "explained")
    .option("--ifname <NAME>", "the interface in the pod", "eth0")
    .option(
      "--pod <NAMESPACE/NAME>",
      "the pod's name, whose namespace the policy may have rules for",
    )
    .option("--pod-uid <UID>", "the pod's uid, by which the claims are found that it has")
    .option("--annotation <KEY=VALUE>", "a pod annotation; may be given again", collect, [])
    .option("--json", "the steps as data")
    .action((options: Options, command: Command) => {
      requireWith(
        command,
        ["pod", "podUid", "annotation", "containerId", "ifname", "network"],
        "netns",
      );
      asUsage(command, () => checkPod(options));
      withLedgerView(options, (ledger) => {
        const { netns } = options;
        const explained =
          netns === undefined ? explainNode(ledger) : explainPod(ledger, options, netns);
        const { about, steps } = explained;
        const withLines = steps.map((step) => ({ ...step, lines: linesOf(step) }));
        print({ about, steps: withLines }, options.json, render);
        if (explained.wrong !== null) throw explained.wrong;
        if (netns === undefined && explained.steps.length > 0) process.exitCode = exitCodes.drift;
      });
    });
}
