/** Brings a network that has pods to a configuration that was changed since the last ADD. */
import type { Ledger } from "../../ledger/ledger.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { baseInForce } from "../facts/capacity.ts";
import { findUplink } from "../facts/uplink.ts";
import { locked } from "../reconcile/locked.ts";
import { reconcileNode } from "../reconcile/repair.ts";
import type { Lock } from "../reconcile/run.ts";
import { keepInForce } from "../reconcile/shares.ts";
import { NodeView } from "../reconcile/view.ts";

/**
 * `change` makes the new configuration of the recorded one. All networks of a node share its
 * trees, so a network beside others is left to its next ADD, which sees whether they agree. What does not fit any
 * more is not taken away from anybody; `shortfalls` tells it. Tells whether anything was changed.
 */
export function reconfigure(
  ledger: Ledger,
  network: string,
  change: (recorded: Record<string, unknown>) => Record<string, unknown>,
): boolean {
  const work = (lock: Lock): boolean => {
    const recorded = ledger.network(network);
    const live = new NodeView(ledger).networks;
    const isAlone = live.length === 1 && live[0]?.network === network;
    if (recorded === null || !recorded.isOfThisBoot || !isAlone) return false;
    const changed = change(JSON.parse(recorded.config) as Record<string, unknown>);
    const config = parseNetworkConfig(changed);
    const uplink = findUplink(config.uplink, config.bridge);
    const base = baseInForce(ledger, config, uplink);
    ledger.recordNetwork({ name: network, config: JSON.stringify(changed), base });
    keepInForce(lock, base.trees, "all", () => reconcileNode(lock));
    return true;
  };
  return locked(ledger, work, reconcileNode);
}
