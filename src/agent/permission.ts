/** Whether the agent may take what the ledger says for what this node has to have. */
import type { LedgerView } from "../ledger/ledger.ts";
import { isHome } from "../node/facts/home.ts";
import { isAllKnown } from "../node/facts/known-pods.ts";
import { hasFormer } from "../node/reconcile/former.ts";

/** Why nothing may be said of the node; null means that it may be looked at. */
export function reasonToLeave(ledger: LedgerView): string | null {
  if (!isHome(ledger))
    return "this is not the network namespace that the node's pods hang on, or no ADD has told yet which that is";
  // `uninstall` has just taken it away, and the networks are still known.
  if (!ledger.attachments.any() && !hasFormer(ledger))
    return "nothing of Fairway's is on this node";
  return null;
}

/**
 * Whether the ledger knows every pod that the kernel has. If not, what would be removed as nobody's is a pod's
 * network. Unlike `requireKnownPods` it waits for nothing.
 */
export const knowsAllPods = (ledger: LedgerView): boolean => isAllKnown(ledger.attachments.all());
