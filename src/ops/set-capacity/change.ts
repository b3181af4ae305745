/** Changes the capacity of the node: it is recorded, and the trees and all pods' classes follow. */
import type { Ledger } from "../../ledger/ledger.ts";
import { baseInForce } from "../../node/facts/capacity.ts";
import { recordCapacitySet, type SetCapacity } from "../../node/facts/capacity-set.ts";
import { findUplink } from "../../node/facts/uplink.ts";
import { locked } from "../../node/reconcile/locked.ts";
import { reconcileNode } from "../../node/reconcile/repair.ts";
import { type Lock, stepsOf } from "../../node/reconcile/run.ts";
import { node } from "../../node/reconcile/scopes.ts";
import { keepInForce } from "../../node/reconcile/shares.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import type { Step } from "../../plan/diff.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";

/**
 * Call it inside `exclusively`. It records the change, and returns the base that all networks agree in, with
 * the new capacity; null means that there is none.
 */
function recordCapacity(ledger: Ledger, change: Partial<SetCapacity>): NetworkBase | null {
  recordCapacitySet(ledger, change);
  const live = new Set(new NodeView(ledger).networks.map((n) => n.network));
  for (const { name, config: text } of ledger.networks()) {
    if (!live.has(name)) continue;
    const config = parseNetworkConfig(JSON.parse(text));
    const base = baseInForce(ledger, config, findUplink(config.uplink, config.bridge));
    ledger.recordNetwork({ name, config: text, base });
  }
  return new NodeView(ledger).first;
}

/**
 * Sets what `change` names (null takes a setting back), and brings the trees and all pods' classes to it,
 * under the node's lock. What no longer fits is not taken away from anybody; `shortfalls` tells it.
 */
export function setCapacity(ledger: Ledger, change: Partial<SetCapacity>): Step[] {
  const work = (lock: Lock): Step[] => {
    const base = recordCapacity(ledger, change);
    return base === null ? [] : keepInForce(lock, base.trees, "all", () => reconcileNode(lock));
  };
  return locked(ledger, work, reconcileNode);
}

/**
 * The steps that `setCapacity` would do; the kernel is only looked at. `copy` is a copy of the ledger, which
 * has the change afterwards. Throws what `setCapacity` throws, but for what the kernel would refuse.
 */
export function tryCapacity(copy: Ledger, change: Partial<SetCapacity>): Step[] {
  return copy.exclusively(() => {
    const base = recordCapacity(copy, change);
    return base === null ? [] : stepsOf(node(new NodeView(copy)));
  });
}
