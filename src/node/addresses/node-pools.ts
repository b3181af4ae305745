/** How full the range sets of all networks of this boot are, each as its last ADD found it. */
import type { LedgerView } from "../../ledger/ledger.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { type Pool, poolsOf } from "./leases.ts";

export function nodePools(ledger: LedgerView): Pool[] {
  return ledger
    .networks()
    .filter(({ isOfThisBoot }) => isOfThisBoot)
    .flatMap(({ config }) => poolsOf(ledger, parseNetworkConfig(JSON.parse(config))));
}
