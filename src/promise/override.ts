/** What `fairway set` puts over a pod's own annotations, and what the pod would have without it. */
import { annotationKeys, kubernetesKeys } from "../config/annotation-keys.ts";
import { formatBurst } from "../config/burst.ts";
import { rulesOf } from "../config/policy.ts";
import { formatDuration, formatRate } from "../config/quantities.ts";
import type { NetworkConfig, Tier } from "../config/types.ts";
import { type Direction, directions, type PodAsks, type PodPromise } from "../plan/node.ts";
import { promiseOf } from "./ask.ts";

type Terms = Pick<NetworkConfig, "tiers" | "defaultTier" | "policy">;

/**
 * The policy's limits are for pods without one of their own. What the operator sets is not checked against
 * the policy.
 *
 * @throws FairwayError badConfig with all that is wrong.
 */
export function promiseAsked(
  { annotations, bandwidth, overrides }: PodAsks,
  { tiers, defaultTier, policy }: Terms,
  namespace: string | null,
): PodPromise {
  return promiseOf({
    annotations: { ...annotations, ...overrides },
    bandwidth,
    tiers,
    defaultTier,
    rules: policy === null ? null : rulesOf(policy, namespace),
  });
}

/** What the operator asks for a pod, as values by the annotations' full names; null takes a value back. */
export type Changes = Readonly<Record<string, string | null>>;

/** What was set before stays, unless it is set anew or taken back. */
export function asksWith(former: PodAsks, changes: Changes): PodAsks {
  const kept = Object.entries({ ...former.overrides, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return { ...former, overrides: kept.length === 0 ? null : Object.fromEntries(kept) };
}

/** One key that was set over the pod's own. */
export interface OverriddenKey {
  /** The annotation's full name. */
  key: string;
  set: string;
  /** What the pod's own annotation of that name says; null means that it has none. */
  own: string | null;
}

export function overriddenKeys({ annotations, overrides }: PodAsks): OverriddenKey[] {
  return Object.entries(overrides ?? {}).map(([key, set]) => ({
    key,
    set,
    own: Object.hasOwn(annotations, key) ? (annotations[key] ?? null) : null,
  }));
}

/** What a tier gives: the key of the configuration, and the value in words. */
interface TierField {
  key: string;
  words: string;
  /** The annotations that go before it, strongest first. */
  stronger: string[];
  /** The rate of the bandwidth capability that goes before it, if any does. */
  capability: { key: string; bits: number } | null;
}

function capabilityOf(
  { bandwidth }: PodAsks,
  direction: Direction,
  what: "Rate" | "Burst",
): TierField["capability"] {
  const name = `${direction}${what}` as const;
  const bits = bandwidth?.[`${name}Bits`];
  return bits === undefined ? null : { key: `runtimeConfig.bandwidth.${name}`, bits };
}

function fieldsOf(name: string, tier: Tier, asks: PodAsks): TierField[] {
  const fields: TierField[] = [];
  for (const direction of directions) {
    const { guaranteeBits, limitBits, burst } = tier[direction];
    const key = (what: string): string => `tiers.${name}.${direction}${what}`;
    if (guaranteeBits !== undefined)
      fields.push({
        key: key("Guarantee"),
        words: formatRate(guaranteeBits),
        stronger: [annotationKeys.guarantee[direction]],
        capability: null,
      });
    if (limitBits !== undefined)
      fields.push({
        key: key("Limit"),
        words: formatRate(limitBits),
        stronger: [annotationKeys.limit[direction], kubernetesKeys[direction]],
        capability: capabilityOf(asks, direction, "Rate"),
      });
    if (burst !== undefined)
      fields.push({
        key: key("Burst"),
        words: formatBurst(burst),
        stronger: [annotationKeys.burst[direction]],
        capability: capabilityOf(asks, direction, "Burst"),
      });
  }
  if (tier.latencyTargetUs !== undefined)
    fields.push({
      key: `tiers.${name}.latencyTarget`,
      words: formatDuration(tier.latencyTargetUs),
      stronger: [annotationKeys.latencyTarget],
      capability: null,
    });
  return fields;
}

/** What goes before a field of a tier, in words; null means that nothing does. */
function before({ stronger, capability }: TierField, asks: PodAsks): string | null {
  const { annotations, overrides } = asks;
  for (const key of stronger) {
    if (overrides !== null && Object.hasOwn(overrides, key))
      return `${key}=${overrides[key]}, which was set with \`fairway set\` (${key}=- takes it back),`;
    if (Object.hasOwn(annotations, key))
      return `the pod's own annotation ${key}=${annotations[key]}`;
  }
  return capability === null
    ? null
    : `the pod's bandwidth, ${capability.key} (${formatRate(capability.bits)}),`;
}

/**
 * What a tier gives and the pod does not get, because something of the pod's own goes before the tier. There
 * is a sentence for each field ("Precedence" in docs/config.md).
 */
export function withoutEffect(tierName: string, asks: PodAsks, { tiers }: Terms): string[] {
  const tier = Object.hasOwn(tiers, tierName) ? tiers[tierName] : undefined;
  if (tier === undefined) return [];
  return fieldsOf(tierName, tier, asks).flatMap((field) => {
    const stronger = before(field, asks);
    return stronger === null
      ? []
      : [`${field.key} (${field.words}) has no effect: ${stronger} goes before a tier`];
  });
}
