/**
 * Leftovers are what is ours in the kernel and belongs to nobody: what `repair` removes, without what it
 * makes or changes. Where guarantees may be scaled, or pods have latency targets, it is a leftover, too, that
 * others' classes were changed for a pod that never came.
 */
import { applyOrRollBack } from "../../kernel/apply.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { requireKnownPods } from "../../node/facts/known-pods.ts";
import { requireSound } from "../../node/facts/lost-ledger.ts";
import { liveNetworks } from "../../node/reconcile/base.ts";
import { forgetRemoved } from "../../node/reconcile/forget.ts";
import { forgetGateways } from "../../node/reconcile/gateways.ts";
import { shrinkingFirst } from "../../node/reconcile/rebalance.ts";
import { planRepair } from "../../node/reconcile/repair.ts";
import type { Step } from "../../plan/diff.ts";
import { keyOf } from "../../plan/state.ts";

/** What is deleted only to be made anew is no leftover. */
export function planLeftovers(view: LedgerView): Step[] {
  const { steps } = planRepair(view);
  const made = new Set(steps.flatMap(({ want }) => (want === null ? [] : [keyOf(want)])));
  const isShared =
    liveNetworks(view)[0]?.trees.overcommit === "scale" || view.attachments.promised().hasTargets;
  const removals = steps.filter((step) => step.op === "delete" && !made.has(keyOf(step.have)));
  const shares = steps.filter((step) => step.op === "change" && step.want.kind === "class");
  return isShared ? [...removals, ...shrinkingFirst(shares)] : removals;
}

/**
 * Removes the leftovers, and returns the steps that were done. Throws ledgerUnusable, and what the kernel
 * refuses; then nothing is changed.
 */
export function removeLeftovers(ledger: Ledger): Step[] {
  return ledger.exclusively(() => {
    requireSound(ledger);
    requireKnownPods(ledger);
    const steps = planLeftovers(ledger);
    applyOrRollBack(steps);
    forgetRemoved(steps, liveNetworks(ledger));
    forgetGateways(ledger, steps);
    return steps;
  });
}
