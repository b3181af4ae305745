/**
 * The base as it was when all of it was looked at last. An ADD that finds the same outlines does not
 * look at each part again (decision 20): what somebody changed inside, CHECK, `doctor` and `repair` find.
 */
import { version } from "../../package.json";
import { outlineOf } from "../kernel/outline.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { BaseInput } from "../plan/desired.ts";
import { guardTable, table } from "../plan/names.ts";

const factKey = "base seen";

/** What was wanted, by which version, and what there is; null where nothing is wanted. */
function seenNow({ networks, hostBits }: BaseInput): string | null {
  const [first] = networks;
  if (first === undefined) return null;
  const outline = outlineOf([first.trees.uplink, first.ingress.name], [table, guardTable]);
  // What is promised is not in it: who changes that brings the table in step (setPhase).
  return JSON.stringify([version, hostBits, networks, outline]);
}

export function isAsSeen(view: LedgerView, input: BaseInput): boolean {
  const seen = view.fact(factKey);
  return seen !== null && seen === seenNow(input);
}

/** To be called by who has looked at all of it and found nothing missing, or made it. */
export function rememberSeen(ledger: Ledger, input: BaseInput): void {
  const seen = seenNow(input);
  if (seen !== null) ledger.setFact(factKey, seen);
}
