/** What `fairway set` changed of a pod's promise, beside what the pod itself asked for. */

import { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Attachment, PodPromise } from "../../plan/node.ts";
import { asksUnder, promiseOf } from "../../promise/ask.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { type OverriddenKey, overriddenKeys } from "../../promise/override.ts";

export interface Override {
  keys: OverriddenKey[];
  /** What the pod would be promised without them; null means that `ownRefused` says why there is none. */
  own: PodPromise | null;
  /**
   * Why today's configuration does not take what the pod itself asked for, in words; null means that it does.
   */
  ownRefused: string | null;
}

/** null means that the pod has what it asked for itself. */
export function overrideOf(view: LedgerView, attachment: Attachment): Override | null {
  const { asks, network, podNamespace } = attachment;
  const keys = overriddenKeys(asks);
  const recorded = view.network(network);
  if (keys.length === 0 || recorded === null) return null;
  try {
    const config = parseNetworkConfig(JSON.parse(recorded.config));
    const own = promiseOf(asksUnder(config, { ...asks, overrides: null }, podNamespace));
    return { keys, own, ownRefused: null };
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    return { keys, own: null, ownRefused: error.message };
  }
}
