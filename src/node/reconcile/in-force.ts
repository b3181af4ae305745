/** The promises in force, from what the ledger says at this moment. */
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Promised } from "../../ledger/promised.ts";
import {
  type Attachment,
  directions,
  type NetworkBase,
  sameAttachment,
  type TreeSettings,
} from "../../plan/node.ts";
import { leftBits, treeOf } from "../../promise/capacity.ts";
import { hasEgressTarget, withBursts } from "../../promise/latency.ts";
import { inForce } from "../../promise/scale.ts";

/** Whether more is promised than there is, so that guarantees are scaled. */
export function overcommits(promised: Promised, trees: TreeSettings): boolean {
  return directions.some(
    (direction) => leftBits(treeOf(trees, direction), promised[direction]) < 0,
  );
}

export function isOvercommitted(view: LedgerView, trees: TreeSettings): boolean {
  return overcommits(view.attachments.promised(), trees);
}

/** All attachments of the node with their promises in force. Rows count in every phase. */
export function attachmentsInForce(view: LedgerView, networks: NetworkBase[]): Attachment[] {
  const all = view.attachments.all();
  const [first] = networks;
  return first === undefined ? all : inForce(all, first.trees);
}

/**
 * The attachments with a latency target, while nothing is scaled. A burst in force depends on nothing else.
 */
export function targetsInForce(view: LedgerView, trees: TreeSettings): Attachment[] {
  const { attachments } = view;
  return withBursts<Attachment>(attachments.withTarget(), trees, attachments.largestMtuBytes());
}

/** One attachment of the ledger, with its promise in force. */
export function promiseInForce(
  view: LedgerView,
  attachment: Attachment,
  trees: TreeSettings,
): Attachment {
  const scales = isOvercommitted(view, trees);
  if (!scales && !hasEgressTarget(attachment.promise)) return attachment;
  const all = scales ? inForce(view.attachments.all(), trees) : targetsInForce(view, trees);
  const found = all.find((a) => sameAttachment(a, attachment));
  return { ...attachment, promise: found?.promise ?? attachment.promise };
}
