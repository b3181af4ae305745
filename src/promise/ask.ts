/**
 * What a pod is to be promised, from all that asks for it. For each field the strongest one counts. From the
 * strongest on, they are: a `fairway.dev/` annotation, a `kubernetes.io/` annotation, the bandwidth
 * capability, the pod's tier. The table is "Precedence" in docs/config.md.
 */
import { formatRate } from "../config/quantities.ts";
import type { BandwidthCapability, Burst, PolicyRules, Tier } from "../config/types.ts";
import { Violations } from "../config/violations.ts";
import type { Direction, DirectionPromise, PodPromise } from "../plan/node.ts";
import { type AnnotatedDirection, type Given, readAnnotations } from "./annotations.ts";
import { type PickedTier, pickTier } from "./pick-tier.ts";
import { type AskedRate, type DirectionAsked, settle } from "./settle.ts";

export interface Asks {
  /** All annotations of the pod. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  tiers: Record<string, Tier>;
  defaultTier: string | null;
  /** The policy's rules for the pod. What they refuse is not looked at here (promise/policy.ts). */
  rules: PolicyRules | null;
}

function capabilityRate(asks: Asks, direction: Direction): Given | null {
  const name = direction === "egress" ? "egressRate" : "ingressRate";
  const bits = asks.bandwidth?.[`${name}Bits`];
  return bits === undefined ? null : { key: `runtimeConfig.bandwidth.${name}`, value: bits };
}

function explicit({ key, value }: Given): AskedRate {
  return { key, bits: value, own: true };
}

function fromTier(
  picked: PickedTier | null,
  direction: Direction,
  field: "guarantee" | "limit",
): AskedRate | null {
  const bits = picked?.tier[direction][`${field}Bits`];
  if (picked === null || bits === undefined) return null;
  const name = field === "guarantee" ? "Guarantee" : "Limit";
  return { key: `tiers.${picked.name}.${direction}${name}`, bits, own: false };
}

/** The strongest limit. A weaker one that says otherwise is worth a note. */
function strongestLimit(
  { limit, bandwidth }: AnnotatedDirection,
  capability: Given | null,
  notes: string[],
): AskedRate | null {
  const given = [limit, bandwidth, capability].filter((each) => each !== null);
  const [strongest, ...weaker] = given;
  if (strongest === undefined) return null;
  for (const { key, value } of weaker.filter((each) => each.value !== strongest.value)) {
    notes.push(
      `${strongest.key} (${formatRate(strongest.value)}) goes before ${key} (${formatRate(value)})`,
    );
  }
  return explicit(strongest);
}

/**
 * The policy's largest limit is the limit of pods that have none, because a maximum that holds only for those
 * who ask for a limit would be no maximum. The policy refuses a guarantee above it, and does not lower it.
 */
function policyLimit(
  rules: PolicyRules | null,
  direction: Direction,
  guarantee: AskedRate | null,
  notes: string[],
): AskedRate | null {
  const rule = rules?.[direction].maxLimitBits ?? null;
  if (rule === null || rule.value < (guarantee?.bits ?? 0)) return null;
  notes.push(
    `${rule.key} (${formatRate(rule.value)}) is the ${direction} limit of pods without one`,
  );
  return { key: rule.key, bits: rule.value, own: false };
}

/** A runtime gives bursts in bits. They are rounded up, so that a burst is never smaller than was asked. */
function capabilityBurst(asks: Asks, direction: Direction): Given<Burst> | null {
  const name = direction === "egress" ? "egressBurst" : "ingressBurst";
  const bits = asks.bandwidth?.[`${name}Bits`];
  if (bits === undefined) return null;
  const value: Burst = { kind: "size", bytes: Math.ceil(bits / 8) };
  return { key: `runtimeConfig.bandwidth.${name}`, value };
}

function tierBurst(picked: PickedTier | null, direction: Direction): Given<Burst> | null {
  const value = picked?.tier[direction].burst;
  return picked === null || value === undefined
    ? null
    : { key: `tiers.${picked.name}.${direction}Burst`, value };
}

/**
 * @throws FairwayError badConfig with all that is wrong, each naming its annotation or key.
 */
export function promiseOf(asks: Asks): PodPromise {
  const violations = new Violations();
  const notes: string[] = [];
  const annotated = readAnnotations(asks.annotations, violations);
  const picked = pickTier(asks, annotated, { violations, notes });
  const tierTarget = picked?.tier.latencyTargetUs;
  const target: Given | null =
    annotated.latencyTarget ??
    (picked === null || tierTarget === undefined
      ? null
      : { key: `tiers.${picked.name}.latencyTarget`, value: tierTarget });
  const asked = (direction: Direction): DirectionAsked => {
    const { burst } = annotated[direction];
    const own = annotated[direction].guarantee;
    const guarantee = own === null ? fromTier(picked, direction, "guarantee") : explicit(own);
    return {
      direction,
      guarantee,
      limit:
        strongestLimit(annotated[direction], capabilityRate(asks, direction), notes) ??
        fromTier(picked, direction, "limit") ??
        policyLimit(asks.rules, direction, guarantee, notes),
      burst: burst ?? capabilityBurst(asks, direction) ?? tierBurst(picked, direction),
    };
  };
  const promise = (direction: Direction): DirectionPromise =>
    settle(asked(direction), target, { violations, notes });
  const result: PodPromise = {
    egress: promise("egress"),
    ingress: promise("ingress"),
    latencyTargetUs: target?.value ?? null,
    tier: picked?.name ?? null,
    notes,
  };
  violations.throwIfAny();
  return result;
}
