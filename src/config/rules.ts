/**
 * Rules across keys, each with a name. What one key alone may be is in its parser; those that are about promises
 * are in promise/network-config.ts.
 */

import { leastIpv6MtuBytes } from "../plan/ip.ts";
import { directions } from "../plan/node.ts";
import { formatCidr } from "./addresses.ts";
import type { Problems } from "./problems.ts";
import { formatRate } from "./quantities.ts";
import { suggestion } from "./suggest.ts";
import type { IpamConfig, NetworkConfig } from "./types.ts";

/** The part of a configuration that the rules look at. What was refused already is absent. */
export type Draft = Pick<
  NetworkConfig,
  "bridge" | "defaultTier" | "mtuBytes" | "policy" | "tiers" | "uplink"
> & { ipam: IpamConfig | undefined };

export type Rule = (draft: Draft, problems: Problems) => void;

const defaultTierExists: Rule = ({ defaultTier, tiers }, problems) => {
  if (defaultTier === null || Object.hasOwn(tiers, defaultTier)) return;
  problems.add(
    "defaultTier",
    `${JSON.stringify(defaultTier)} is not in tiers`,
    suggestion(defaultTier, Object.keys(tiers)),
  );
};

const reserveLeavesCapacity: Rule = ({ uplink }, problems) => {
  const { reserve } = uplink;
  if (reserve.kind !== "rate") return;
  for (const direction of directions) {
    const capacityBits = uplink[`${direction}CapacityBits`];
    if (capacityBits === null || reserve.bits < capacityBits) continue;
    problems.add(
      "uplink.reserve",
      `${formatRate(reserve.bits)} leaves nothing of ${direction}Capacity (${formatRate(capacityBits)})`,
      "Reserve less than the capacity.",
    );
  }
};

const bridgeIsNotUplink: Rule = ({ bridge, uplink }, problems) => {
  if (bridge !== uplink.name) return;
  problems.add(
    "bridge",
    `${JSON.stringify(bridge)} is the uplink too`,
    "The bridge is Fairway's own; name another.",
  );
};

/** The kernel takes IPv6 off a device with a smaller MTU (addrconf_notify, net/ipv6/addrconf.c). */
const mtuFitsIpv6: Rule = ({ mtuBytes, ipam }, problems) => {
  const subnet = ipam?.sets.flat().find((range) => range.subnet.family === 6)?.subnet;
  if (mtuBytes === null || subnet === undefined || mtuBytes >= leastIpv6MtuBytes) return;
  problems.add(
    "mtu",
    `${mtuBytes} is below ${leastIpv6MtuBytes}, which IPv6 needs, and pods get addresses of ${formatCidr(subnet)}`,
    `Give ${leastIpv6MtuBytes} or more, or no IPv6 range set.`,
  );
};

export const rules: Readonly<Record<string, Rule>> = {
  defaultTierExists,
  reserveLeavesCapacity,
  bridgeIsNotUplink,
  mtuFitsIpv6,
};
