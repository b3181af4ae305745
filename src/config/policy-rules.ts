/**
 * Rules across the keys of `policy`, `tiers` and `defaultTier`. An operator's contradiction is told to the
 * operator, and not to the pods' authors.
 */
import { directions } from "../plan/node.ts";
import { burstAt, burstRateBits } from "./burst.ts";
import { anyName } from "./policy.ts";
import { breaches, type Promised } from "./policy-limits.ts";
import { formatRate } from "./quantities.ts";
import { suggestion } from "./suggest.ts";
import type { DirectionAsk, NetworkConfig, PolicyRules, Tier } from "./types.ts";
import type { Violations } from "./violations.ts";

type Draft = Pick<NetworkConfig, "defaultTier" | "tiers" | "policy">;

/** Checks every set of rules. What namespaces inherit is found in each of them, and told once. */
function eachRules(
  check: (rules: PolicyRules, draft: Draft, add: Violations["add"]) => void,
): (draft: Draft, violations: Violations) => void {
  return (draft, violations) => {
    const { policy } = draft;
    if (policy === null) return;
    const told = new Set<string>();
    for (const rules of [policy.default, ...Object.values(policy.namespaces)])
      check(rules, draft, (key, problem, advice) => {
        const text = `${key}: ${problem}`;
        if (!told.has(text)) violations.add(key, problem, advice);
        told.add(text);
      });
  };
}

export const policyTiersExist = eachRules((rules, { tiers }, add) => {
  if (rules.tiers === null) return;
  const { key, value } = rules.tiers;
  for (const [index, name] of value.entries())
    if (name !== anyName && !Object.hasOwn(tiers, name))
      add(
        `${key}[${index}]`,
        `there is no tier ${JSON.stringify(name)}`,
        suggestion(name, Object.keys(tiers)),
      );
});

export const policyGuaranteeWithinLimit = eachRules((rules, _, add) => {
  for (const direction of directions) {
    const { maxGuaranteeBits: guarantee, maxLimitBits: limit } = rules[direction];
    if (guarantee === null || limit === null || guarantee.value <= limit.value) continue;
    add(
      guarantee.key,
      `${formatRate(guarantee.value)} is above ${limit.key} (${formatRate(limit.value)})`,
      "No pod could have that guarantee: lower it or raise the limit.",
    );
  }
});

function promisedBy(tier: Tier): Promised {
  const target = tier.latencyTargetUs ?? null;
  const direction = ({ guaranteeBits = 0, limitBits, burst }: DirectionAsk) => {
    const limit = target !== null && guaranteeBits > 0 ? guaranteeBits : (limitBits ?? null);
    const at = burst === undefined ? null : burstAt(burst, burstRateBits(guaranteeBits, limit));
    return { guaranteeBits, limitBits: limit, burstBytes: at?.ok ? at.bytes : null };
  };
  return {
    egress: direction(tier.egress),
    ingress: direction(tier.ingress),
    latencyTargetUs: target,
  };
}

/**
 * Refuses a tier that the rules name, or that pods get without asking, and that no pod could have under the
 * rules.
 */
export const policyFitsItsTiers = eachRules((rules, { tiers, defaultTier }, add) => {
  const named = rules.tiers?.value ?? [];
  const usual = defaultTier === null || named.includes(defaultTier) ? [] : [defaultTier];
  for (const name of [...named, ...usual]) {
    const tier = Object.hasOwn(tiers, name) ? tiers[name] : undefined;
    if (tier === undefined) continue;
    const why = named.includes(name) ? `${rules.tiers?.key} allows it` : "it is the defaultTier";
    for (const { rule, asked, allowed } of breaches(rules, promisedBy(tier)))
      add(
        rule,
        `${allowed}, and tier ${name} has ${asked}, and ${why}`,
        `Change "${rule}" or the tier, or leave the tier out there.`,
      );
  }
});
