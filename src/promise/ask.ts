/**
 * What a pod is to be promised, from all that asks for it. For each field the strongest one counts. From the
 * strongest on, they are: a claim, with which an annotation has to agree, a `fairway.dev/` annotation, a `kubernetes.io/` annotation, the bandwidth
 * capability, the pod's tier. The table is "Precedence" in docs/config.md.
 */
import { type AnnotatedDirection, ownAnnotations, readAnnotations } from "../config/annotations.ts";
import { Problems } from "../config/problems.ts";
import type {
  BandwidthCapability,
  Burst,
  DirectionAsk,
  Given,
  NetworkConfig,
  PolicyRules,
} from "../config/types.ts";
import type { ClaimedRate, Direction, PodAsks, PodPromise } from "../plan/node.ts";
import { agreedGuarantee, claimedGuarantee, claimNote, claimsUnder } from "./claims.ts";
import { policyRefusal, rulesOf } from "./policy.ts";
import { type Findings, inWords, named, type PromiseAsk, settle } from "./settle.ts";
import { pickTier, type Tiers, tierAsk } from "./tiers.ts";

export interface Asks extends Tiers {
  /** All annotations of the pod. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  /** Absent means that the pod has none. */
  claims?: readonly ClaimedRate[];
  /** The policy's rules for the pod. What they refuse is not looked at here (promise/policy.ts). */
  rules: PolicyRules | null;
}

function capabilityRate({ bandwidth }: Asks, direction: Direction): Given | null {
  const value = bandwidth?.[`${direction}RateBits`];
  const key = `runtimeConfig.bandwidth.${direction}Rate`;
  return value === undefined ? null : { from: "capability", key, value };
}

/** A runtime gives bursts in bits. They are rounded up, so that a burst is never smaller than was asked. */
function capabilityBurst({ bandwidth }: Asks, direction: Direction): Given<Burst> | null {
  const bits = bandwidth?.[`${direction}BurstBits`];
  if (bits === undefined) return null;
  const value: Burst = { kind: "size", bytes: Math.ceil(bits / 8) };
  return { from: "capability", key: `runtimeConfig.bandwidth.${direction}Burst`, value };
}

/** The strongest limit. A weaker one that says otherwise is worth a note. */
function strongestLimit(
  { limit, bandwidth }: AnnotatedDirection,
  capability: Given | null,
  notes: string[],
): Given | null {
  const given = [limit, bandwidth, capability].filter((each) => each !== null);
  const [strongest, ...weaker] = given;
  if (strongest === undefined) return null;
  for (const each of weaker.filter(({ value }) => value !== strongest.value))
    notes.push(`${named(strongest)} goes before ${named(each)}`);
  return strongest;
}

/**
 * The policy's largest limit is the limit of pods that have none, because a maximum that holds only for those
 * who ask for a limit would be no maximum. The policy refuses a guarantee above it, and does not lower it.
 */
function policyLimit(
  rules: PolicyRules | null,
  direction: Direction,
  guarantee: Given | null,
  notes: string[],
): Given | null {
  const rule = rules?.[direction].maxLimitBits ?? null;
  if (rule === null || rule.value < (guarantee?.value ?? 0)) return null;
  const limit: Given = { from: "policy", ...rule };
  notes.push(`${named(limit)} is the ${direction} limit of pods without one`);
  return limit;
}

/** A promise, and where its values came from. */
export interface Settlement {
  promise: PodPromise;
  /** What was asked for, each value by the strongest. */
  ask: PromiseAsk;
  /** The tier that gave the guarantee; null means that something else did. */
  givingTier: Record<Direction, string | null>;
}

/** What is wrong is added to the problems, each naming its annotation or key. */
export function settleAsks(asks: Asks, problems: Problems): Settlement {
  const findings: Findings = { contradictions: [], notes: [] };
  const { notes } = findings;
  const annotated = readAnnotations(asks.annotations, problems);
  const picked = pickTier(asks, annotated, problems, notes);
  const ofTier = picked === null ? null : tierAsk(picked.name, picked.tier);
  const tier = picked?.name ?? null;
  const target = annotated.latencyTarget ?? ofTier?.target ?? null;
  const settled = (direction: Direction) => {
    const own = annotated[direction];
    const claimed = claimedGuarantee(asks.claims ?? [], direction);
    if (claimed !== null) notes.push(claimNote(claimed, direction));
    const guarantee =
      agreedGuarantee(claimed, own.guarantee, problems) ?? ofTier?.[direction].guarantee ?? null;
    const ask: DirectionAsk = {
      guarantee,
      limit:
        strongestLimit(own, capabilityRate(asks, direction), notes) ??
        ofTier?.[direction].limit ??
        policyLimit(asks.rules, direction, guarantee, notes),
      burst: own.burst ?? capabilityBurst(asks, direction) ?? ofTier?.[direction].burst ?? null,
    };
    const { promise, guarantee: given } = settle(direction, ask, target, findings);
    return { ask, promise, givingTier: given?.from === "tier" ? tier : null };
  };
  const [egress, ingress] = [settled("egress"), settled("ingress")];
  for (const each of findings.contradictions) problems.add(...inWords(each));
  const latencyTargetUs = target?.value ?? null;
  return {
    promise: { egress: egress.promise, ingress: ingress.promise, latencyTargetUs, tier, notes },
    ask: { egress: egress.ask, ingress: ingress.ask, target },
    givingTier: { egress: egress.givingTier, ingress: ingress.givingTier },
  };
}

/** @throws FairwayError badConfig with all that is wrong. */
export function settlementOf(asks: Asks): Settlement {
  const problems = new Problems();
  const settlement = settleAsks(asks, problems);
  problems.throwIfAny();
  return settlement;
}

export const promiseOf = (asks: Asks): PodPromise => settlementOf(asks).promise;

export type Terms = Pick<NetworkConfig, "tiers" | "defaultTier" | "policy">;

/** What `fairway set` puts over a pod's annotations is not checked against the policy, whose limits hold. */
export function asksUnder(
  { tiers, defaultTier, policy }: Terms,
  asks: PodAsks,
  namespace: string | null,
): Asks {
  const { annotations, bandwidth, overrides } = asks;
  const rules = policy === null ? null : rulesOf(policy, namespace);
  return {
    annotations: { ...annotations, ...overrides },
    claims: claimsUnder(asks),
    ...{ bandwidth, tiers, defaultTier, rules },
  };
}

/**
 * What a living pod is to be promised once its own annotations are those of `asks`. They have to be such that
 * a new pod could have them; what `fairway set` put over them then counts over them. Throws badConfig,
 * policyRefused.
 */
export function promiseForLiving(
  terms: Terms,
  asks: PodAsks,
  namespace: string | null,
  holder: string,
): Settlement {
  const own = asksUnder(terms, { ...asks, overrides: null }, namespace);
  const settlement = settlementOf(own);
  const { promise } = settlement;
  const { rules } = own;
  const refused = rules === null ? null : policyRefusal({ ...own, rules, promise, holder });
  if (refused !== null) throw refused;
  return asks.overrides === null ? settlement : settlementOf(asksUnder(terms, asks, namespace));
}

/**
 * What a new pod asks for and is to be promised. `holder` names it, `claims` are its own. Throws badConfig,
 * policyRefused.
 */
export function promiseForNew(
  config: Terms & Pick<NetworkConfig, "runtime">,
  namespace: string | null,
  holder: string,
  claims: readonly ClaimedRate[] = [],
): Settlement & { asks: PodAsks } {
  const { podAnnotations, bandwidth } = config.runtime;
  const asks: PodAsks = {
    annotations: ownAnnotations(podAnnotations),
    ...{ bandwidth, overrides: null },
    ...(claims.length > 0 && { claims }),
  };
  const under = asksUnder(config, asks, namespace);
  const settlement = settlementOf(under);
  const { rules } = under;
  const { promise } = settlement;
  const refused = rules === null ? null : policyRefusal({ ...under, rules, promise, holder });
  if (refused !== null) throw refused;
  return { ...settlement, asks };
}
