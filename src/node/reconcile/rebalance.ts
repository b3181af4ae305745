/**
 * Keeps the kernel to the promises in force. What one pod's coming or going changes for the others is changed
 * under the same lock under which it is recorded.
 */
import type { FairwayError } from "../../errors.ts";
import { applySteps, rollBack } from "../../kernel/apply.ts";
import { observe } from "../../kernel/observe.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { desiredPod } from "../../plan/desired.ts";
import { diff, type Step } from "../../plan/diff.ts";
import { clsactParent } from "../../plan/names.ts";
import type { Attachment, NetworkBase, TreeSettings } from "../../plan/node.ts";
import { type Entry, merge, type State } from "../../plan/state.ts";
import { hasEgressTarget } from "../../promise/latency.ts";
import { inForce } from "../../promise/scale.ts";
import { baseInput, liveNetworks, planTable } from "./base.ts";
import { attachmentsInForce, overcommits, targetsInForce } from "./in-force.ts";

/** Of all that a pod has, only its classes and their queues depend on other pods. */
const isLeaf = ({ object }: Entry): boolean =>
  object.kind === "class" || (object.kind === "qdisc" && object.parent !== clsactParent);

export function leavesOf(pods: State): State {
  return new Map([...pods].filter(([, entry]) => isLeaf(entry)));
}

export function withoutLeaves(pods: State): State {
  return new Map([...pods].filter(([, entry]) => !isLeaf(entry)));
}

function podsOf(attachments: Attachment[], networks: NetworkBase[]): State {
  const bases = new Map(networks.map((n) => [n.network, n]));
  const pods = attachments.flatMap((pod) => {
    const base = bases.get(pod.network);
    return base === undefined ? [] : [desiredPod(pod, base)];
  });
  return merge(...pods);
}

/** What a class gains by a step. */
const gainBytes = ({ want, have }: Step, of: "rateBytes" | "burstBytes"): number =>
  want?.kind === "class" && have?.kind === "class" ? want[of] - have[of] : 0;

/**
 * What shrinks comes first and what grows last, so that the sum of the rates stays within the capacity at
 * every moment, and that of the bursts within what every target allows.
 */
export function shrinkingFirst(steps: Step[]): Step[] {
  return steps.toSorted(
    (a, b) =>
      gainBytes(a, "rateBytes") - gainBytes(b, "rateBytes") ||
      gainBytes(a, "burstBytes") - gainBytes(b, "burstBytes"),
  );
}

/**
 * The steps that bring the classes of these attachments to the promises in force. What is not there is not
 * made here, because an ADD or a DEL is at work on it, or because `repair` makes it.
 */
export function planLeaves(attachments: Attachment[], networks: NetworkBase[]): Step[] {
  return planChanges(leavesOf(podsOf(attachments, networks)));
}

/** The same for what follows from the bursts that were chosen, which is less to look at. */
function planBursts(attachments: Attachment[], networks: NetworkBase[]): Step[] {
  const uplinks = new Set(networks.map(({ trees }) => trees.uplink));
  const pods = [...podsOf(attachments, networks)];
  return planChanges(
    new Map(pods.filter(([, { object }]) => object.kind === "class" && uplinks.has(object.dev))),
  );
}

function planChanges(desired: State): Step[] {
  const { steps } = diff(desired, observe(desired));
  return shrinkingFirst(steps.filter((step) => step.op === "change"));
}

/** What one more attachment would have, and what the others' classes would lose to it. */
export function planAdded(
  view: LedgerView,
  added: Attachment,
  networks: NetworkBase[],
  trees: TreeSettings,
): { own: Attachment; others: Attachment[]; steps: Step[] } {
  const held = view.attachments.all();
  const before = inForce(held, trees);
  const [own = added, ...others] = inForce([added, ...held], trees);
  const changed = others.filter((pod, at) => !Bun.deepEquals(pod.promise, before[at]?.promise));
  return { own, others, steps: changed.length === 0 ? [] : planLeaves(changed, networks) };
}

/**
 * A pod that a DEL or a failed ADD is at work on loses its class between our look and our step. Then we look
 * again. Nobody begins such work while we hold the lock, so it ends. Throws what the kernel refuses; then
 * what was done is undone.
 */
function follow(attachments: Attachment[], plan: () => Step[]): void {
  const attempts = 1 + attachments.filter(({ phase }) => phase !== "ready").length;
  const done: Step[] = [];
  let last: FairwayError | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const steps = plan();
    const failure = steps.length === 0 ? null : applySteps(steps);
    if (failure === null) return;
    done.push(...failure.done);
    last = failure.error;
  }
  rollBack(done);
  throw last;
}

/** Brings all classes, and what the host may receive, to the promises in force. */
function followAll(attachments: Attachment[], networks: NetworkBase[]): void {
  follow(attachments, () => [
    ...planLeaves(attachments, networks),
    ...planTable(baseInput(networks, attachments)),
  ]);
}

/**
 * Brings the classes of pods with a latency target to what is in force. While nothing is scaled, only their
 * bursts depend on others.
 */
function followTargets(ledger: Ledger, trees: TreeSettings): void {
  const attachments = targetsInForce(ledger, trees);
  const networks = liveNetworks(ledger);
  follow(attachments, () => planBursts(attachments, networks));
}

/**
 * A pod that comes, goes or changes. One that changes is given twice, as it was before and as it is after.
 */
export type Mover = Pick<Attachment, "promise" | "mtuBytes">;

/**
 * Call it inside `exclusively`. It returns what `change` gives, and brings the others' classes to what is in
 * force after it. `movers` are the pods that come, go or change. A pod without a latency target moves the
 * bursts of those that have one only by its MTU. Throws what the kernel refuses; then nothing is changed.
 */
export function keepInForce<T>(
  ledger: Ledger,
  trees: TreeSettings,
  movers: readonly Mover[] | "all",
  change: () => T,
): T {
  const { attachments } = ledger;
  const before = attachments.promised();
  // This is asked only where it may matter, so that it costs the others nothing.
  const mtuBytes = before.hasTargets ? attachments.largestMtuBytes() : null;
  const result = change();
  const after = attachments.promised();
  const movesBursts = (): boolean =>
    movers === "all" ||
    movers.some(({ promise }) => hasEgressTarget(promise)) ||
    attachments.largestMtuBytes() !== mtuBytes;
  if (overcommits(before, trees) || overcommits(after, trees))
    followAll(inForce(attachments.all(), trees), liveNetworks(ledger));
  else if (after.hasTargets && movesBursts()) followTargets(ledger, trees);
  return result;
}

/**
 * Call it inside `exclusively`. It brings the classes to what is in force, where that may depend on other
 * pods. An ADD that was killed just before its row was kept has made the others' classes smaller, and nobody
 * has its row.
 */
export function restoreInForce(ledger: Ledger): void {
  const networks = liveNetworks(ledger);
  const [first] = networks;
  if (first === undefined) return;
  const promised = ledger.attachments.promised();
  if (first.trees.overcommit === "scale" || overcommits(promised, first.trees))
    followAll(attachmentsInForce(ledger, networks), networks);
  else if (promised.hasTargets) followTargets(ledger, first.trees);
}
