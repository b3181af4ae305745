/**
 * Makes in advance what the first ADD of a network makes for all of its pods, so that the first pod waits no
 * longer than any other.
 */
import type { NetworkConfig } from "../../config/types.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { forgetEarlierBoots } from "../addresses/keep.ts";
import { baseInForce } from "../facts/capacity.ts";
import { recordHome } from "../facts/home.ts";
import { rememberIn } from "../facts/kernel-parts.ts";
import { ensureLeafKind } from "../facts/leaf-queues.ts";
import { refuseLostLedger } from "../facts/lost-ledger.ts";
import { networkBase } from "../facts/network.ts";
import { refuseNewOverlaps, rememberAround } from "../facts/surroundings.ts";
import { findUplink } from "../facts/uplink.ts";
import { ensureBase } from "../reconcile/base.ts";
import { exclusively } from "../reconcile/locked.ts";
import { stepsOf } from "../reconcile/run.ts";
import { shared } from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";
import { requireReady } from "./readiness.ts";

/** Whether the network is recorded as it is configured now, and the base is whole. */
function isPrepared(ledger: Ledger, network: string, rawConfig: string): boolean {
  const known = ledger.network(network);
  if (known === null || !known.isOfThisBoot || known.config !== rawConfig) return false;
  return stepsOf(shared(new NodeView(ledger))).length === 0;
}

/**
 * For a network whose interfaces Fairway makes, with addresses of its own, on a node without pods. `rawConfig`
 * is the part of its configuration that the ledger keeps. Tells whether there was anything to make. Throws
 * what its first ADD would throw; then nothing is recorded.
 */
export function prepareNetwork(ledger: Ledger, config: NetworkConfig, rawConfig: string): boolean {
  if (isPrepared(ledger, config.name, rawConfig)) return false;
  const uplink = findUplink(config.uplink, config.bridge);
  const ingress = { kind: "bridge", name: config.bridge, owned: true } as const;
  const asked = networkBase(config, uplink, ingress);
  const around = refuseNewOverlaps(ledger, asked);
  requireReady(ledger, config, rememberIn(ledger, config.chained));
  ensureLeafKind(ledger, asked);
  exclusively(ledger, () => {
    refuseLostLedger(ledger);
    forgetEarlierBoots(ledger);
    recordHome(ledger);
    const base = baseInForce(ledger, config, uplink);
    ledger.recordNetwork({ name: config.name, config: rawConfig, base });
  });
  ensureBase(ledger);
  if (around !== null) rememberAround(ledger, around);
  return true;
}
