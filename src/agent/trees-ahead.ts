/**
 * The trees that a node without pods will have with its first one. Behind another plugin only a pod's ADD makes them;
 * a scheduler that was told nothing until then would never send the first pod that asks for bandwidth.
 */
import { FairwayError } from "../errors.ts";
import { baseInForce } from "../node/facts/capacity.ts";
import { isAllKnown } from "../node/facts/known-pods.ts";
import { networkBase } from "../node/facts/network.ts";
import { ledgerIfThere } from "../node/facts/open.ts";
import { findUplink } from "../node/facts/uplink.ts";
import type { TreeSettings } from "../plan/node.ts";
import { firstNetwork } from "./prepare.ts";

/** null means that nothing tells them, or that the node has pods, of which the ledger has to know. */
export function treesAhead(dataDir: string, confDir: string): TreeSettings | null {
  try {
    const found = firstNetwork(confDir);
    if (found === null || found.config.dataDir !== dataDir) return null;
    const ledger = ledgerIfThere(dataDir);
    if (ledger?.attachments.any() === true || !isAllKnown([])) return null;
    const { config } = found;
    const uplink = findUplink(config.uplink, config.bridge);
    if (ledger !== null) return baseInForce(ledger, config, uplink).trees;
    const bridge = { kind: "bridge", name: config.bridge, owned: true } as const;
    return networkBase(config, uplink, bridge).trees;
  } catch (error) {
    // STATUS and the first ADD tell it.
    if (error instanceof FairwayError) return null;
    throw error;
  }
}
