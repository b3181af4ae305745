/** Changes a promise while the pod lives: it is admitted anew, changed in place and recorded. */
import { FairwayError } from "../../errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import {
  type AttachmentKey,
  attachmentName,
  type PodAsks,
  sameAttachment,
} from "../../plan/node.ts";
import type { Settlement } from "../../promise/ask.ts";
import { admitted, heldBy } from "../../promise/held.ts";
import { capacitySet } from "../facts/capacity-set.ts";
import { locked } from "../reconcile/locked.ts";
import { type Lock, reconcile, required, stepsOf } from "../reconcile/run.ts";
import { everybody } from "../reconcile/scopes.ts";
import { keepInForce } from "../reconcile/shares.ts";
import { NodeView } from "../reconcile/view.ts";
import { requireAttachment } from "./check.ts";

/**
 * Brings the base and all pods' parts in it to what the ledger says. Throws foreignQdisc and what the kernel
 * refuses.
 */
const bringAll = (lock: Lock): Step[] =>
  required(reconcile(everybody(new NodeView(lock.ledger)), { lock }));

/** What a pod is to be promised from now on, and how that was asked for. */
export interface PromiseChange {
  key: AttachmentKey;
  /**
   * It is called under the lock, so that what another process set meanwhile is not lost. It may throw
   * badConfig.
   */
  ask(former: PodAsks): { asks: PodAsks; asked: Settlement };
}

/**
 * Call it inside `exclusively`. It admits the change, and returns the network's base, the movers, and a
 * function that records the promise.
 */
function admitChange(ledger: Ledger, { key, ask }: PromiseChange) {
  const attachment = requireAttachment(ledger, key);
  const base = ledger.network(key.network)?.base;
  if (attachment.phase !== "ready" || base === undefined)
    throw new FairwayError(
      "tryAgain",
      `attachment ${attachmentName(key)} is ${attachment.phase}: an ADD or a DEL is at work on it`,
      "try again when that has ended",
    );
  const { asks, asked } = ask(attachment.asks);
  const others = ledger.attachments.all().filter((a) => !sameAttachment(a, key));
  const asker = { ...asked, holder: attachmentName(key) };
  admitted(base, heldBy(others), asker, () => capacitySet(ledger));
  return {
    base,
    movers: [attachment, { ...attachment, promise: asked.promise }],
    record: () => void ledger.attachments.setPromise(key, asked.promise, asks),
  };
}

/**
 * Changes the promise under the node's lock, and returns the steps that were done. A refused change changes
 * nothing, neither the ledger nor the kernel. Throws unknownContainer, tryAgain, promiseRefused and what the
 * kernel refuses.
 */
export function changePromise(ledger: Ledger, change: PromiseChange): Step[] {
  const work = (lock: Lock): Step[] => {
    const { base, movers, record } = admitChange(ledger, change);
    return keepInForce(lock, base.trees, movers, () => {
      record();
      return bringAll(lock);
    });
  };
  return locked(ledger, work, bringAll);
}

/**
 * The steps that `changePromise` would do; the kernel is only looked at. `copy` is a copy of the ledger,
 * which has the change afterwards. Throws what `changePromise` throws, but for what the kernel would refuse.
 */
export function tryPromise(copy: Ledger, change: PromiseChange): Step[] {
  return copy.exclusively(() => {
    admitChange(copy, change).record();
    return stepsOf(everybody(new NodeView(copy)));
  });
}
