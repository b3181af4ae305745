/**
 * What a pod is to be promised, from all that asks for it. Per field, strongest first: a `fairway.dev/`
 * annotation, a `kubernetes.io/` annotation, the bandwidth capability, the pod's tier. The default tier
 * is the tier of pods that pick none: a pod that picks a tier takes nothing from the default one, or a
 * pod could not pick best effort.
 */
import { formatRate } from "../config/quantities.ts";
import { suggestion } from "../config/suggest.ts";
import type { BandwidthCapability, Tier } from "../config/types.ts";
import { Violations } from "../config/violations.ts";
import type { Direction, DirectionPromise, PodPromise } from "../plan/node.ts";
import { largestBurstAtLimit } from "../plan/shape.ts";
import {
  type Annotated,
  type AnnotatedDirection,
  annotationKeys,
  type Given,
  readAnnotations,
} from "./annotations.ts";
import { type AskedRate, type DirectionRates, settle } from "./settle.ts";

export interface Asks {
  /** The pod's annotations, all of them. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  tiers: Record<string, Tier>;
  defaultTier: string | null;
}

interface PickedTier {
  name: string;
  tier: Tier;
}

function pickTier(asks: Asks, annotated: Annotated, violations: Violations): PickedTier | null {
  const name = annotated.tier ?? asks.defaultTier;
  if (name === null) return null;
  const tier = Object.hasOwn(asks.tiers, name) ? asks.tiers[name] : undefined;
  if (tier !== undefined) return { name, tier };
  const key = annotated.tier === null ? "defaultTier" : annotationKeys.tier;
  violations.add(
    key,
    `there is no tier ${JSON.stringify(name)}`,
    suggestion(name, Object.keys(asks.tiers)),
  );
  return null;
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
function askedBurst(asks: Asks, picked: PickedTier | null, direction: Direction): Given | null {
  const name = direction === "egress" ? "egressBurst" : "ingressBurst";
  const bits = asks.bandwidth?.[`${name}Bits`];
  if (bits !== undefined)
    return { key: `runtimeConfig.bandwidth.${name}`, value: Math.ceil(bits / 8) };
  const bytes = picked?.tier[direction].burstBytes;
  return picked === null || bytes === undefined
    ? null
    : { key: `tiers.${picked.name}.${name}`, value: bytes };
}

/** A burst that is minutes of its limit cannot be written down for the kernel. */
function checkBurst(burst: Given | null, limitBits: number | null, violations: Violations): void {
  if (burst === null || limitBits === null) return;
  const largest = largestBurstAtLimit(limitBits);
  if (burst.value <= largest) return;
  violations.add(
    burst.key,
    `${burst.value} bytes are too long a burst for a limit of ${formatRate(limitBits)}: the kernel can hold ${largest} bytes at that rate`,
    `Lower "${burst.key}" or raise the limit.`,
  );
}

/**
 * @throws FairwayError badConfig with all that is wrong, each naming its annotation or key.
 */
export function promiseOf(asks: Asks): PodPromise {
  const violations = new Violations();
  const notes: string[] = [];
  const annotated = readAnnotations(asks.annotations, violations);
  const picked = pickTier(asks, annotated, violations);
  const tierTarget = picked?.tier.latencyTargetUs;
  const target: Given | null =
    annotated.latencyTarget ??
    (picked === null || tierTarget === undefined
      ? null
      : { key: `tiers.${picked.name}.latencyTarget`, value: tierTarget });
  const rates = (direction: Direction): DirectionRates => {
    const { guarantee } = annotated[direction];
    return {
      direction,
      guarantee:
        guarantee === null ? fromTier(picked, direction, "guarantee") : explicit(guarantee),
      limit:
        strongestLimit(annotated[direction], capabilityRate(asks, direction), notes) ??
        fromTier(picked, direction, "limit"),
    };
  };
  const promise = (direction: Direction): DirectionPromise => {
    const settled = settle(rates(direction), target, { violations, notes });
    const burst = askedBurst(asks, picked, direction);
    checkBurst(burst, settled.limitBits, violations);
    return { ...settled, burstBytes: burst?.value ?? null };
  };
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
