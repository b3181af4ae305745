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
import type { Attachment, NetworkBase, TreeSettings } from "../plan/node.ts";
import { type Entry, merge, type State } from "../plan/state.ts";
import { inForce } from "../promise/scale.ts";
import { baseInput, liveNetworks, planTable } from "./base.ts";
import { attachmentsInForce, isOvercommitted } from "./in-force.ts";

/** Of a pod, its classes and queues depend on other pods, and nothing else of it. */
const isLeaf = ({ object }: Entry): boolean => object.kind === "class" || object.kind === "qdisc";

export function leavesOf(pods: State): State {
  return new Map([...pods].filter(([, entry]) => isLeaf(entry)));
}

export function withoutLeaves(pods: State): State {
  return new Map([...pods].filter(([, entry]) => !isLeaf(entry)));
}

function leaves(attachments: Attachment[], networks: NetworkBase[]): State {
  const bases = new Map(networks.map((n) => [n.network, n]));
  const pods = attachments.flatMap((pod) => {
    const base = bases.get(pod.network);
    return base === undefined ? [] : [desiredPod(pod, base)];
  });
  return leavesOf(merge(...pods));
}

const gainBytes = ({ want, have }: Step): number =>
  want?.kind === "class" && have?.kind === "class" ? want.rateBytes - have.rateBytes : 0;

/** What shrinks comes first and what grows last, so that the sum stays within the capacity at every moment. */
export function shrinkingFirst(steps: Step[]): Step[] {
  return steps.toSorted((a, b) => gainBytes(a) - gainBytes(b));
}

/**
 * What it takes for the classes of these attachments to have the promises in force. What is not there
 * is not made: it is an ADD's or DEL's at work, or `repair`'s.
 */
export function planLeaves(attachments: Attachment[], networks: NetworkBase[]): Step[] {
  const desired = leaves(attachments, networks);
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
  const promised = [added, ...view.attachments.all()];
  const [own = added, ...others] = inForce(promised, trees);
  const scales = [own, ...others].some(({ promise }, at) => promise !== promised[at]?.promise);
  const steps = scales || isOvercommitted(view, trees) ? planLeaves(others, networks) : [];
  return { own, others, steps };
}

/**
 * A pod that a DEL or a failed ADD is at work on loses its class between our look and our step: what
 * failed is looked at again. Nobody begins such work while we hold the lock, so it ends. Throws what the
 * kernel refuses; what was done is undone then.
 */
function follow(attachments: Attachment[], networks: NetworkBase[]): void {
  const attempts = 1 + attachments.filter(({ phase }) => phase !== "ready").length;
  const done: Step[] = [];
  let last: FairwayError | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const table = planTable(baseInput(networks, attachments));
    const steps = [...planLeaves(attachments, networks), ...table];
    const failure = steps.length === 0 ? null : applySteps(steps);
    if (failure === null) return;
    done.push(...failure.done);
    last = failure.error;
  }
  rollBack(done);
  throw last;
}

/**
 * Inside `exclusively`: what `change` gives, the others' classes brought to what is in force after it.
 * Throws what the kernel refuses; nothing is changed then.
 */
export function keepInForce<T>(ledger: Ledger, trees: TreeSettings, change: () => T): T {
  const before = isOvercommitted(ledger, trees);
  const result = change();
  if (before || isOvercommitted(ledger, trees))
    follow(inForce(ledger.attachments.all(), trees), liveNetworks(ledger));
  return result;
}

/**
 * Inside `exclusively`: the classes brought to what is in force, where guarantees may be scaled. An ADD
 * that was killed just before its row was kept has made the others' smaller, and nobody has its row.
 */
export function restoreInForce(ledger: Ledger): void {
  const networks = liveNetworks(ledger);
  if (networks[0]?.trees.overcommit === "scale")
    follow(attachmentsInForce(ledger, networks), networks);
}
