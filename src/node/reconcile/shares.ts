/**
 * Keeps the kernel to the promises in force. What one pod's coming or going changes for the others is changed
 * under the same lock under which it is recorded.
 */
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import type { Attachment, TreeSettings } from "../../plan/node.ts";
import { hasEgressTarget } from "../../promise/latency.ts";
import { inForce } from "../../promise/scale.ts";
import { type Lock, reconcile, required, stepsOf } from "./run.ts";
import { bursts, leaves, shares } from "./scopes.ts";
import { NodeView, overcommits } from "./view.ts";

/** What one more attachment would have, and what the others' classes would lose to it. */
export function planAdded(
  view: NodeView,
  added: Attachment,
  trees: TreeSettings,
): { own: Attachment; others: Attachment[]; steps: Step[] } {
  const held = view.ledger.attachments.all();
  const before = inForce(held, trees);
  const [own = added, ...others] = inForce([added, ...held], trees);
  const changed = others.filter((pod, at) => !Bun.deepEquals(pod.promise, before[at]?.promise));
  return { own, others, steps: changed.length === 0 ? [] : stepsOf(leaves(view, changed)) };
}

/**
 * Brings all classes, and what the host may receive, to the promises in force; or, while nothing is scaled,
 * the classes of pods with a latency target, since only their bursts depend on others then.
 */
function follow(lock: Lock, trees: TreeSettings, isScaled: boolean): void {
  const view = new NodeView(lock.ledger);
  const scope = isScaled ? shares(view) : bursts(view, view.targets(trees));
  required(reconcile(scope, { lock }));
}

/**
 * A pod that comes, goes or changes. One that changes is given twice, as it was before and as it is after.
 */
export type Mover = Pick<Attachment, "promise" | "mtuBytes">;

/**
 * Returns what `change` gives, and brings the others' classes to what is in force after it. `movers` are the
 * pods that come, go or change. A pod without a latency target moves the bursts of those that have one only
 * by its MTU. Throws what the kernel refuses; then nothing is changed.
 */
export function keepInForce<T>(
  lock: Lock,
  trees: TreeSettings,
  movers: readonly Mover[] | "all",
  change: () => T,
): T {
  const { attachments } = lock.ledger;
  const before = attachments.promised();
  // This is asked only where it may matter, so that it costs the others nothing.
  const mtuBytes = before.hasTargets ? attachments.largestMtuBytes() : null;
  const result = change();
  const after = attachments.promised();
  const movesBursts = (): boolean =>
    movers === "all" ||
    movers.some(({ promise }) => hasEgressTarget(promise)) ||
    attachments.largestMtuBytes() !== mtuBytes;
  const isScaled = overcommits(before, trees) || overcommits(after, trees);
  if (isScaled || (after.hasTargets && movesBursts())) follow(lock, trees, isScaled);
  return result;
}

/** Whether what is in force for one pod may depend on others. */
export const isShared = ({ attachments }: LedgerView, trees: TreeSettings): boolean =>
  trees.overcommit === "scale" || attachments.promised().hasTargets;

/**
 * Brings the classes to what is in force, where that may depend on other pods. An ADD that was killed just
 * before its row was kept has made the others' classes smaller, and nobody has its row.
 */
export function restoreInForce(lock: Lock): void {
  const { first, isScaled } = new NodeView(lock.ledger);
  if (first === null) return;
  const { trees } = first;
  if (isScaled || isShared(lock.ledger, trees))
    follow(lock, trees, isScaled || trees.overcommit === "scale");
}
