/**
 * What a pod is to be promised, from all that asks for it. Per field, strongest first: a `fairway.dev/`
 * annotation, a `kubernetes.io/` annotation, the bandwidth capability, the pod's tier. The table is
 * "Precedence" in docs/config.md.
 */
import { formatRate } from "../config/quantities.ts";
import type { BandwidthCapability, Burst, Tier } from "../config/types.ts";
import { Violations } from "../config/violations.ts";
import type { Direction, DirectionPromise, PodPromise } from "../plan/node.ts";
import { type AnnotatedDirection, type Given, readAnnotations } from "./annotations.ts";
import { type PickedTier, pickTier } from "./pick-tier.ts";
import { type AskedRate, type DirectionAsked, settle } from "./settle.ts";

export interface Asks {
  /** The pod's annotations, all of them. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  tiers: Record<string, Tier>;
  defaultTier: string | null;
}

function capabilityRate(asks: Asks, direction: Direction): Given | null {
  const name = direction === "egress" ? "egressRate" : "ingressRate";
  const bits = asks.bandwidth?.[`${name}Bits`];
  return bits === undefined ? null : { key: `runtimeConfig.bandwidth.${name}`, value: bits };
}

function explicit({ key, value }: Given): AskedRate {
  return { key, bits: value, fromTier: false };
}

function fromTier(
  picked: PickedTier | null,
  direction: Direction,
  field: "guarantee" | "limit",
): AskedRate | null {
  const bits = picked?.tier[direction][`${field}Bits`];
  if (picked === null || bits === undefined) return null;
  const name = field === "guarantee" ? "Guarantee" : "Limit";
  return { key: `tiers.${picked.name}.${direction}${name}`, bits, fromTier: true };
}

/** The strongest limit; a weaker one that says otherwise is worth a note. */
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

/** A runtime speaks of bits; a burst is never made smaller than was asked. */
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
    const { guarantee, burst } = annotated[direction];
    return {
      direction,
      guarantee:
        guarantee === null ? fromTier(picked, direction, "guarantee") : explicit(guarantee),
      limit:
        strongestLimit(annotated[direction], capabilityRate(asks, direction), notes) ??
        fromTier(picked, direction, "limit"),
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
