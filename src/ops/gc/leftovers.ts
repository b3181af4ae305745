/**
 * Leftovers are what is ours in the kernel and belongs to nobody: what `repair` removes, without what it
 * makes or changes. Where guarantees may be scaled, or pods have latency targets, it is a leftover, too, that
 * others' classes were changed for a pod that never came.
 */
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { exclusively } from "../../node/reconcile/locked.ts";
import { reconcileNode, requireTrue } from "../../node/reconcile/repair.ts";
import { type Scope, stepsOf } from "../../node/reconcile/run.ts";
import { node, shrinkingFirst } from "../../node/reconcile/scopes.ts";
import { isShared } from "../../node/reconcile/shares.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import type { Step } from "../../plan/diff.ts";
import { keyOf } from "../../plan/state.ts";

const leftovers = (view: NodeView): Scope => ({
  ...node(view),
  steps: ({ steps }) => {
    const { first, ledger } = view;
    // What is deleted only to be made anew is no leftover.
    const made = new Set(steps.flatMap(({ want }) => (want === null ? [] : [keyOf(want)])));
    const removals = steps.filter((step) => step.op === "delete" && !made.has(keyOf(step.have)));
    if (first === null || !isShared(ledger, first.trees)) return removals;
    const shares = steps.filter((step) => step.op === "change" && step.want.kind === "class");
    return [...removals, ...shrinkingFirst(shares)];
  },
});

export const planLeftovers = (ledger: LedgerView): Step[] =>
  stepsOf(leftovers(new NodeView(ledger)));

/**
 * Removes the leftovers, and returns the steps that were done. Throws ledgerUnusable, and what the kernel
 * refuses; then nothing is changed.
 */
export function removeLeftovers(ledger: Ledger): Step[] {
  return exclusively(ledger, (lock) => {
    requireTrue(ledger);
    return reconcileNode(lock, {}, leftovers);
  });
}
