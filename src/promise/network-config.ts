/**
 * Makes a configuration that the rest can rely on. What its tiers and its policy promise has to go together: an
 * operator's contradiction is told to the operator, and not to the pods' authors.
 */
import { parseWith } from "../config/parse.ts";
import { anyName } from "../config/policy.ts";
import type { Problems } from "../config/problems.ts";
import { formatRate } from "../config/quantities.ts";
import { type Draft, rules as keyRules, type Rule } from "../config/rules.ts";
import { suggestion } from "../config/suggest.ts";
import type { NetworkConfig, PolicyRules, Tier } from "../config/types.ts";
import { type Direction, directions } from "../plan/node.ts";
import { breaches, type Promised } from "./policy.ts";
import { type Contradiction, type Findings, inWords, settle } from "./settle.ts";
import { tierAsk, tierNamed } from "./tiers.ts";

/** What a pod has that asks for nothing but the tier, and what of the tier contradicts itself. */
function settleTier(name: string, tier: Tier): { promise: Promised } & Findings {
  const { target, ...ask } = tierAsk(name, tier);
  const findings: Findings = { contradictions: [], notes: [] };
  const of = (direction: Direction) => settle(direction, ask[direction], target, findings).promise;
  const promise = { egress: of("egress"), ingress: of("ingress") };
  return { promise: { ...promise, latencyTargetUs: target?.value ?? null }, ...findings };
}

/** A contradiction within the tier, in the words of whoever wrote the tier. */
function inTiersWords(tier: string, found: Contradiction): ReturnType<typeof inWords> {
  const { direction } = found;
  switch (found.rule) {
    case "guaranteeWithinLimit":
      return [
        found.guarantee.key,
        `${formatRate(found.guarantee.value)} is above ${direction}Limit (${formatRate(found.limit.value)})`,
        "A limit has to leave room for the guarantee.",
      ];
    case "latencyNeedsGuarantee":
      return [
        found.target.key,
        "a latency target needs an egress guarantee",
        `Give tiers.${tier}.egressGuarantee: only what stays within a guarantee can be kept from waiting.`,
      ];
    case "latencyLimitIsGuarantee":
      return [
        found.limit.key,
        `with a latency target the limit is the guarantee: ${formatRate(found.limit.value)} is above ${direction}Guarantee (${formatRate(found.guarantee.value)})`,
        `Remove ${direction}Limit or raise ${direction}Guarantee: what goes first in the queue would go first in borrowing too.`,
      ];
    case "burstCanBeHeld":
      return inWords(found);
  }
}

/** The rules that a tier may break, in the order in which an error names what breaks them. */
export const tierRules = [
  "guaranteeWithinLimit",
  "latencyNeedsGuarantee",
  "latencyLimitIsGuarantee",
  "burstCanBeHeld",
] as const satisfies Contradiction["rule"][];

const tiersCanBePromised: Rule = ({ tiers }, problems) => {
  const found = Object.entries(tiers).flatMap(([name, tier]) =>
    settleTier(name, tier).contradictions.map((each) => ({ name, each })),
  );
  for (const rule of tierRules)
    for (const { name, each } of found)
      if (each.rule === rule) problems.add(...inTiersWords(name, each));
};

/** Checks every set of rules. What namespaces inherit is found in each of them, and told once. */
function eachRules(check: (rules: PolicyRules, draft: Draft, add: Problems["add"]) => void): Rule {
  return (draft, problems) => {
    const { policy } = draft;
    if (policy === null) return;
    const told = new Set<string>();
    for (const rules of [policy.default, ...Object.values(policy.namespaces)])
      check(rules, draft, (key, problem, advice) => {
        const text = `${key}: ${problem}`;
        if (!told.has(text)) problems.add(key, problem, advice);
        told.add(text);
      });
  };
}

const policyTiersExist = eachRules((rules, { tiers }, add) => {
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

const policyGuaranteeWithinLimit = eachRules((rules, _, add) => {
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

/**
 * Refuses a tier that the rules name, or that pods get without asking, and that no pod could have under the
 * rules.
 */
const policyFitsItsTiers = eachRules((rules, { tiers, defaultTier }, add) => {
  const named = rules.tiers?.value ?? [];
  const usual = defaultTier === null || named.includes(defaultTier) ? [] : [defaultTier];
  for (const name of [...named, ...usual]) {
    const tier = tierNamed(tiers, name);
    if (tier === undefined) continue;
    const why = named.includes(name) ? `${rules.tiers?.key} allows it` : "it is the defaultTier";
    for (const { rule, asked, allowed } of breaches(rules, settleTier(name, tier).promise))
      add(
        rule,
        `${allowed}, and tier ${name} has ${asked}, and ${why}`,
        `Change "${rule}" or the tier, or leave the tier out there.`,
      );
  }
});

export const rules: Readonly<Record<string, Rule>> = {
  tiersCanBePromised,
  ...keyRules,
  policyTiersExist,
  policyGuaranteeWithinLimit,
  policyFitsItsTiers,
};

const inOrder = Object.values(rules);

/** @throws FairwayError decode (not an object), incompatibleVersion, badConfig with all that is wrong. */
export const parseNetworkConfig = (raw: unknown): NetworkConfig => parseWith(inOrder, raw);
