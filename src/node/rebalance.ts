/**
 * The kernel kept to the promises in force: what one pod's coming or going changes of the others' is
 * changed under the lock under which it is recorded.
 */
import type { FairwayError } from "../errors.ts";
import { applySteps, rollBack } from "../kernel/apply.ts";
import { observe } from "../kernel/observe.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { desiredPod } from "../plan/desired.ts";
import { diff, type Step } from "../plan/diff.ts";
import { clsactParent } from "../plan/names.ts";
import type { Attachment, NetworkBase, TreeSettings } from "../plan/node.ts";
import { type Entry, merge, type State } from "../plan/state.ts";
import { hasEgressTarget } from "../promise/latency.ts";
import { inForce } from "../promise/scale.ts";
import { baseInput, liveNetworks, planTable } from "./base.ts";
import { attachmentsInForce, overcommits, targetsInForce } from "./in-force.ts";

/** Of a pod, its classes and their queues depend on other pods, and nothing else of it. */
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
 * What it takes for the classes of these attachments to have the promises in force. What is not there
 * is not made: it is an ADD's or DEL's at work, or `repair`'s.
 */
export function planLeaves(attachments: Attachment[], networks: NetworkBase[]): Step[] {
  return planChanges(leavesOf(podsOf(attachments, networks)));
}

/** The same of what follows from the bursts that were chosen, which is less to look at. */
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

/** What one more attachment would have, and what it would take of the others' classes. */
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
 * A pod that a DEL or a failed ADD is at work on loses its class between our look and our step: what
 * failed is looked at again. Nobody begins such work while we hold the lock, so it ends. Throws what the
 * kernel refuses; what was done is undone then.
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

/** All classes, and what the host may receive. */
function followAll(attachments: Attachment[], networks: NetworkBase[]): void {
  follow(attachments, () => [
    ...planLeaves(attachments, networks),
    ...planTable(baseInput(networks, attachments)),
  ]);
}

/** The classes of those with a latency target: while nothing is scaled only their bursts depend on others. */
function followTargets(ledger: Ledger, trees: TreeSettings): void {
  const attachments = targetsInForce(ledger, trees);
  const networks = liveNetworks(ledger);
  follow(attachments, () => planBursts(attachments, networks));
}

/** Who comes or goes, before and after it is asked what that changes. */
export type Mover = Pick<Attachment, "promise" | "mtuBytes">;

/**
 * Inside `exclusively`: what `change` gives, the others' classes brought to what is in force after it.
 * `movers`: whose coming, going or change it is. A pod without a latency target moves the bursts of those
 * that have one only by its MTU. Throws what the kernel refuses; nothing is changed then.
 */
export function keepInForce<T>(
  ledger: Ledger,
  trees: TreeSettings,
  movers: readonly Mover[] | "all",
  change: () => T,
): T {
  const { attachments } = ledger;
  const before = attachments.promised();
  // What is asked only where it may matter costs the others nothing.
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
 * Inside `exclusively`: the classes brought to what is in force, where that may depend on other pods. An
 * ADD that was killed just before its row was kept has made the others' smaller, and nobody has its row.
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
