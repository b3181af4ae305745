/** Whether a ledger knows of anything since the node booted. */
import type { LedgerView } from "../../ledger/ledger.ts";

/**
 * A network is recorded with its first pod and stays, so without one there was no pod since the node booted.
 */
export function knowsThisBoot(view: LedgerView): boolean {
  return view.attachments.any() || view.networks().some(({ isOfThisBoot }) => isOfThisBoot);
}
