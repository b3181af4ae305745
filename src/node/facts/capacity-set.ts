/**
 * The capacity that an operator set at run time. The ledger keeps it until it is taken back or the node
 * boots.
 */
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";

/** null means that it is not set. */
export interface SetCapacity {
  egressBits: number | null;
  ingressBits: number | null;
}

const fact = "set-capacity";
const none: SetCapacity = { egressBits: null, ingressBits: null };

export function capacitySet(view: Pick<LedgerView, "fact">): SetCapacity {
  const text = view.fact(fact);
  return text === null ? none : (JSON.parse(text) as SetCapacity);
}

/** Call it inside `exclusively`. What `change` does not name stays as it was set. */
export function recordCapacitySet(ledger: Ledger, change: Partial<SetCapacity>): void {
  ledger.setFact(fact, JSON.stringify({ ...capacitySet(ledger), ...change }));
}
