/** What the ledger tells of the trees, for the page: read with the rows, and kept until they are read anew. */
import { treeDevicesOf } from "../node/facts/promised-classes.ts";
import type { NodeView } from "../node/reconcile/view.ts";
import { directions } from "../plan/node.ts";
import { leftBits, promisedBits, treeOf } from "../promise/capacity.ts";
import { memberOf } from "../promise/held.ts";
import { boundsUsOf } from "../promise/latency.ts";
import type { LiveTree } from "./live.ts";

export interface LiveNode {
  trees: readonly Omit<LiveTree, "rateBits" | "hostRateBits">[];
  /** The delay bounds, by the name of the attachment (`memberOf`). */
  boundsUs: ReadonlyMap<string, number>;
}

/** Before the first ADD of this boot. */
export const nothingLive: LiveNode = { trees: [], boundsUs: new Map() };

export function liveNode(view: NodeView): LiveNode {
  const { first } = view;
  if (first === null) return nothingLive;
  const devices = treeDevicesOf(first);
  return {
    trees: directions.map((direction) => ({
      direction,
      dev: devices[direction],
      capacityBits: first.trees[`${direction}CapacityBits`],
      reserveBits: first.trees[`${direction}ReserveBits`],
      promisedBits: promisedBits(view.rows, direction),
      leftBits: leftBits(treeOf(first.trees, direction), view.promised[direction]),
    })),
    boundsUs: boundsUsOf(first, view.attachments.map(memberOf)),
  };
}
