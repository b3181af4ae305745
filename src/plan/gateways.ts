/** Gateways on the pods' bridge that the networks' configurations do not ask for any more. */
import { familyOf } from "./ip.ts";
import type { Address } from "./kinds/address.ts";
import type { NetworkBase } from "./node.ts";
import { networkOf, type Prefix, prefixesOverlap, prefixOf, prefixText } from "./prefix.ts";

const subnetOf = (gateway: string): Prefix => networkOf(prefixOf(gateway));

/**
 * The network, together with the gateways that its pods came with, which are masqueraded as they were: its
 * configuration may have given it another subnet since. Where the new subnet covers the old one there is
 * nothing to add, and an interval set accepts no two that overlap.
 */
export function withGateways(base: NetworkBase, former: readonly string[]): NetworkBase {
  if (former.length === 0) return base;
  const { gateways, masquerade } = base;
  const known = (masquerade?.subnets ?? []).map(prefixOf);
  const subnets: Prefix[] = [];
  for (const subnet of former.map(subnetOf))
    if (![...known, ...subnets].some((other) => prefixesOverlap(subnet, other)))
      subnets.push(subnet);
  return {
    ...base,
    gateways: [...gateways, ...former],
    masquerade: masquerade && {
      ...masquerade,
      subnets: [...masquerade.subnets, ...subnets.map(prefixText)],
    },
  };
}

/**
 * The addresses of `former` that are on the bridge and have to be deleted. `present` lists the addresses that
 * the bridge has. When an IPv4 address is deleted, the kernel also deletes all that came after it in the same
 * subnet, unless it is told not to.
 */
export function gatewaysToRemove(
  bridge: string,
  former: readonly string[],
  present: readonly string[],
): Address[] {
  const hasOthers = (cidr: string): boolean => {
    const subnet = prefixText(subnetOf(cidr));
    return present.some(
      (other) => !former.includes(other) && prefixText(subnetOf(other)) === subnet,
    );
  };
  return former
    .filter((cidr) => present.includes(cidr))
    .map((cidr) => ({
      kind: "address",
      netns: null,
      dev: bridge,
      cidr,
      ...(familyOf(cidr) === 4 && hasOthers(cidr) && { keepsOthers: true as const }),
    }));
}
