/** Rules across keys, each with a name. What one key alone may be is in its parser. */

import { leastIpv6MtuBytes } from "../plan/ip.ts";
import { directions } from "../plan/node.ts";
import { formatCidr } from "./addresses.ts";
import { burstAt, burstRateBits } from "./burst.ts";
import {
  policyFitsItsTiers,
  policyGuaranteeWithinLimit,
  policyTiersExist,
} from "./policy-rules.ts";
import { formatRate } from "./quantities.ts";
import { suggestion } from "./suggest.ts";
import type { IpamConfig, NetworkConfig, Tier } from "./types.ts";
import type { Violations } from "./violations.ts";

/** The part of a configuration that the rules look at. What was refused already is absent. */
export type Draft = Pick<
  NetworkConfig,
  "bridge" | "defaultTier" | "mtuBytes" | "policy" | "tiers" | "uplink"
> & { ipam: IpamConfig | undefined };

type Rule = (draft: Draft, violations: Violations) => void;

function eachTier(check: (tier: Tier, key: string, violations: Violations) => void): Rule {
  return ({ tiers }, violations) => {
    for (const [name, tier] of Object.entries(tiers)) check(tier, `tiers.${name}`, violations);
  };
}

const guaranteeWithinLimit = eachTier((tier, key, violations) => {
  for (const direction of directions) {
    const { guaranteeBits = 0, limitBits } = tier[direction];
    if (limitBits === undefined || guaranteeBits <= limitBits) continue;
    violations.add(
      `${key}.${direction}Guarantee`,
      `${formatRate(guaranteeBits)} is above ${direction}Limit (${formatRate(limitBits)})`,
      "A limit has to leave room for the guarantee.",
    );
  }
});

const latencyNeedsGuarantee = eachTier((tier, key, violations) => {
  if (tier.latencyTargetUs === undefined || (tier.egress.guaranteeBits ?? 0) > 0) return;
  violations.add(
    `${key}.latencyTarget`,
    "a latency target needs an egress guarantee",
    `Give ${key}.egressGuarantee: only what stays within a guarantee can be kept from waiting.`,
  );
});

/** HTB's prio applies to what is borrowed too: with room to borrow, a latency pod starves the others. */
const latencyLimitIsGuarantee = eachTier((tier, key, violations) => {
  if (tier.latencyTargetUs === undefined) return;
  for (const direction of directions) {
    const { guaranteeBits = 0, limitBits } = tier[direction];
    if (guaranteeBits === 0 || limitBits === undefined || limitBits <= guaranteeBits) continue;
    violations.add(
      `${key}.${direction}Limit`,
      `with a latency target the limit is the guarantee: ${formatRate(limitBits)} is above ${direction}Guarantee (${formatRate(guaranteeBits)})`,
      `Remove ${direction}Limit or raise ${direction}Guarantee: what goes first in the queue would go first in borrowing too.`,
    );
  }
});

/** A burst that the kernel cannot hold is refused here, because no pod of the tier could be added. */
const burstCanBeHeld = eachTier((tier, key, violations) => {
  for (const direction of directions) {
    const { guaranteeBits = 0, limitBits = null, burst } = tier[direction];
    if (burst === undefined) continue;
    const at = burstAt(burst, burstRateBits(guaranteeBits, limitBits));
    if (!at.ok) violations.add(`${key}.${direction}Burst`, at.problem, at.advice);
  }
});

const defaultTierExists: Rule = ({ defaultTier, tiers }, violations) => {
  if (defaultTier === null || Object.hasOwn(tiers, defaultTier)) return;
  violations.add(
    "defaultTier",
    `${JSON.stringify(defaultTier)} is not in tiers`,
    suggestion(defaultTier, Object.keys(tiers)),
  );
};

const reserveLeavesCapacity: Rule = ({ uplink }, violations) => {
  const { reserve } = uplink;
  if (reserve.kind !== "rate") return;
  for (const direction of directions) {
    const capacityBits = uplink[`${direction}CapacityBits`];
    if (capacityBits === null || reserve.bits < capacityBits) continue;
    violations.add(
      "uplink.reserve",
      `${formatRate(reserve.bits)} leaves nothing of ${direction}Capacity (${formatRate(capacityBits)})`,
      "Reserve less than the capacity.",
    );
  }
};

const bridgeIsNotUplink: Rule = ({ bridge, uplink }, violations) => {
  if (bridge !== uplink.name) return;
  violations.add(
    "bridge",
    `${JSON.stringify(bridge)} is the uplink too`,
    "The bridge is Fairway's own; name another.",
  );
};

/** The kernel takes IPv6 off a device with a smaller MTU (addrconf_notify, net/ipv6/addrconf.c). */
const mtuFitsIpv6: Rule = ({ mtuBytes, ipam }, violations) => {
  const subnet = ipam?.sets.flat().find((range) => range.subnet.family === 6)?.subnet;
  if (mtuBytes === null || subnet === undefined || mtuBytes >= leastIpv6MtuBytes) return;
  violations.add(
    "mtu",
    `${mtuBytes} is below ${leastIpv6MtuBytes}, which IPv6 needs, and pods get addresses of ${formatCidr(subnet)}`,
    `Give ${leastIpv6MtuBytes} or more, or no IPv6 range set.`,
  );
};

export const rules: Readonly<Record<string, Rule>> = {
  guaranteeWithinLimit,
  latencyNeedsGuarantee,
  latencyLimitIsGuarantee,
  burstCanBeHeld,
  defaultTierExists,
  reserveLeavesCapacity,
  bridgeIsNotUplink,
  mtuFitsIpv6,
  policyTiersExist,
  policyGuaranteeWithinLimit,
  policyFitsItsTiers,
};

export function checkRules(draft: Draft, violations: Violations): void {
  for (const rule of Object.values(rules)) rule(draft, violations);
}
