/** Finds what bears our names in the kernel and belongs to no row of this ledger. */
import { strays } from "../../kernel/strays.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { unknownPods } from "../../node/facts/known-pods.ts";
import { planRepair } from "../../node/reconcile/repair.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { desiredNode } from "../../plan/desired.ts";
import { type KernelObject, keyOf, titleOf } from "../../plan/state.ts";
import { attempt, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "leaks";

/** What `repair` would remove is drift, and is told there. */
function found(view: LedgerView): KernelObject[] {
  const { input, attachments } = new NodeView(view);
  const known = new Set(desiredNode(input, attachments).keys());
  for (const { have } of planRepair(view).steps) if (have !== null) known.add(keyOf(have));
  return [...strays()].flatMap(([key, { object }]) => (known.has(key) ? [] : [object]));
}

/**
 * This never advises what would cost a pod its network: `uninstall` is no advice while a pod lives that no
 * row knows.
 */
function todoOf(ledger: LedgerView): string {
  if (unknownPods(ledger).length > 0)
    return "it may be of pods that live (ledger.rows): wait with `fairway uninstall`, whose --force would take their network, until their ledger is found, or made anew by `fairway repair --rebuild`";
  return new NodeView(ledger).networks.length === 0
    ? "`fairway uninstall` removes it"
    : "if nothing uses it, remove it with ip or tc";
}

export function leaks({ ledger, dataDir }: Patient): Finding[] {
  if (ledger === null) return [];
  return attempt(id, () => {
    const left = found(ledger);
    if (left.length === 0)
      return [ok(id, "none: all that bears our names is in the ledger, or is drift")];
    const others = todoOf(ledger);
    return left.map((object) =>
      warn(
        id,
        `${titleOf(object)} is nobody's in ${dataDir}`,
        `where another ledger is in use give --data-dir; else ${others}`,
      ),
    );
  });
}
