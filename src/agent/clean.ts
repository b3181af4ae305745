/** Frees what is held for sandboxes that are gone, as `fairway gc` does, and makes the base in advance. */
import { delegateIn } from "../config/delegate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { forgetEarlierBoots } from "../node/addresses/keep.ts";
import { hasInterface } from "../node/facts/chained.ts";
import { isHome } from "../node/facts/home.ts";
import { ensureBase } from "../node/reconcile/base.ts";
import { stepsOf } from "../node/reconcile/run.ts";
import { shared } from "../node/reconcile/scopes.ts";
import { NodeView } from "../node/reconcile/view.ts";
import { type Found, planSweep, sweep } from "../node/verbs/sweep.ts";
import { whyNoTool } from "../patience.ts";
import { type AttachmentKey, attachmentName } from "../plan/node.ts";

export interface Cleaned {
  freed: string[];
  /** These may be alive, or are another's to free. */
  inDoubt: string[];
  failed: string[];
}

const worded = (found: readonly Found[]): string[] =>
  found.map(({ attachment, why }) => `${attachmentName(attachment)}: ${why}`);

/**
 * Whoever gives addresses of another IPAM plugin back has to wait for that plugin, and the agent waits for
 * nobody.
 */
function isDelegated(ledger: Ledger, { network }: AttachmentKey): boolean {
  const config = ledger.network(network)?.config;
  return config !== undefined && delegateIn(JSON.parse(config) as Record<string, unknown>) !== null;
}

/** Where nothing is to be changed, `freed` is empty, and what would be freed is in doubt. */
export function clean(ledger: Ledger, mayChange: boolean): Cleaned {
  const earlier = ledger.attachmentsOfEarlierBoots();
  const planned = planSweep(ledger, null);
  const [others, own] = [
    planned.freed.filter(({ attachment }) => isDelegated(ledger, attachment)),
    planned.freed.filter(({ attachment }) => !isDelegated(ledger, attachment)),
  ];
  const left = worded(others).map((each) => `${each}; \`fairway gc\` frees it`);
  const inDoubt = [...worded(planned.inDoubt), ...left];
  if (!mayChange) {
    const gone = worded(own);
    return { freed: [], inDoubt: [...inDoubt, ...gone], failed: worded(planned.failed) };
  }
  if (earlier.length > 0) ledger.exclusively(() => forgetEarlierBoots(ledger));
  const swept =
    own.length === 0 ? planned : sweep(ledger, null, (each) => !isDelegated(ledger, each));
  return {
    freed: [
      ...earlier.map((each) => `${attachmentName(each)}: the node was booted since`),
      ...(own.length === 0 ? [] : worded(swept.freed)),
    ],
    inDoubt,
    failed: worded(swept.failed),
  };
}

/**
 * Makes what all pods share, where it is known since the node booted what that is, and no pod is there yet.
 * Tells whether it did. Throws what an ADD would throw.
 */
export function prepareBase(ledger: Ledger): boolean {
  if (whyNoTool() !== null) return false;
  const view = new NodeView(ledger);
  const { first } = view;
  if (first === null || ledger.attachments.any() || !isHome(ledger)) return false;
  const { ingress } = first;
  // The bridge is another plugin's, which makes it with the first pod.
  if (ingress.kind === "bridge" && !ingress.owned && !hasInterface(ingress.name)) return false;
  if (stepsOf(shared(view)).length === 0) return false;
  ensureBase(ledger);
  return true;
}
