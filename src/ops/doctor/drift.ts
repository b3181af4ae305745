/** Finds what differs between the ledger and the kernel. */

import { planRepair } from "../../node/reconcile/repair.ts";
import { findings } from "../../node/verbs/check.ts";
import { attempt, driftId, error, type Finding, ok, type Patient } from "./finding.ts";

export function drift({ ledger }: Patient): Finding[] {
  if (ledger === null) return [];
  // What cannot be looked at is an error, and no drift.
  return attempt("node", () => {
    const found = findings(planRepair(ledger));
    if (found.length === 0) return [ok(driftId, "none: the kernel is as the ledger says")];
    return found.map((what) =>
      error(driftId, what, "`fairway explain` shows the steps, `fairway repair` does them"),
    );
  });
}
