/** What another IPAM plugin gave, and what the base has to be for it. */
import { formatCidr, networkOf, parseIp } from "../../config/addresses.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Lease, NetworkBase, PodRoute } from "../../plan/node.ts";
import { subnetsAndMasquerade } from "../facts/network.ts";

export interface Granted {
  leases: Lease[];
  routes: PodRoute[];
  dns: Record<string, unknown> | null;
}

function subnetOf({ address, prefixLength }: Lease): string {
  return formatCidr(networkOf(parseIp(address, "the delegate's address"), prefixLength));
}

/** The networks that the addresses lie in. */
export const grantedSubnets = ({ leases }: Granted): string[] => [...new Set(leases.map(subnetOf))];

/**
 * Only the other plugin knows which subnets there are. The base has those that it gave addresses from to the
 * network's pods, and those of `more`.
 */
export function withGrantedSubnets(
  view: LedgerView,
  base: NetworkBase,
  config: NetworkConfig,
  more: readonly Lease[],
): NetworkBase {
  if (config.ipam.delegate === null) return base;
  const held = view.attachments.all(config.name).flatMap((a) => a.leases);
  const leases = [...held, ...more];
  const gateways = leases.flatMap(({ gateway, prefixLength }) =>
    gateway === null ? [] : [`${gateway}/${prefixLength}`],
  );
  return {
    ...base,
    ...subnetsAndMasquerade(config, [...new Set(leases.map(subnetOf))]),
    gateways: [...new Set(gateways)],
  };
}
