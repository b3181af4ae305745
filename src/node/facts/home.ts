/**
 * The network namespace that this node's pods hang on. Seen from another one, a container's for example,
 * every host interface looks as if it were gone.
 */
import { statSync } from "node:fs";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";

/** The ledger keeps it for this boot. */
const factKey = "home";

function here(): string {
  const { dev, ino } = statSync("/proc/thread-self/ns/net");
  return `${dev}:${ino}`;
}

export function recordHome(ledger: Ledger): void {
  const now = here();
  if (ledger.fact(factKey) !== now) ledger.setFact(factKey, now);
}

/** It is also false where no ADD of this version has told yet. */
export function isHome(view: LedgerView): boolean {
  return view.fact(factKey) === here();
}
