/** The promises in force, from what the ledger says at this moment. */
import type { LedgerView } from "../ledger/ledger.ts";
import {
  type Attachment,
  directions,
  type NetworkBase,
  sameAttachment,
  type TreeSettings,
} from "../plan/node.ts";
import { roomForPodsBits } from "../promise/admission.ts";
import { inForce } from "../promise/scale.ts";

/** Whether more is promised than there is, so that guarantees are scaled. */
export function isOvercommitted(view: LedgerView, trees: TreeSettings): boolean {
  const promised = view.attachments.promised();
  return directions.some((direction) => {
    const { guaranteedBits, floors } = promised[direction];
    return guaranteedBits > roomForPodsBits(trees, direction, floors);
  });
}

/** All attachments of the node with their promises in force. Rows count in every phase. */
export function attachmentsInForce(view: LedgerView, networks: NetworkBase[]): Attachment[] {
  const all = view.attachments.all();
  const [first] = networks;
  return first === undefined ? all : inForce(all, first.trees);
}

/** One of them, which is in the ledger. */
export function promiseInForce(
  view: LedgerView,
  attachment: Attachment,
  trees: TreeSettings,
): Attachment {
  if (!isOvercommitted(view, trees)) return attachment;
  const found = inForce(view.attachments.all(), trees).find((a) => sameAttachment(a, attachment));
  return { ...attachment, promise: found?.promise ?? attachment.promise };
}
