/** Compares what a pod asks for with what the operator's policy allows its namespace. */
import { knownAnnotations, kubernetesKeys, priorityKey } from "../config/annotations.ts";
import { formatBurst } from "../config/burst.ts";
import { anyName } from "../config/policy.ts";
import { formatDuration, formatRate } from "../config/quantities.ts";
import type { BandwidthCapability, Burst, Policy, PolicyRules, Ruled } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { type Direction, directions, type PodPromise } from "../plan/node.ts";
import { burstAt, burstRateBits } from "./burst.ts";

/**
 * The rules for a pod. `namespace` is null where the runtime does not say it; then the default's rules hold.
 */
export function rulesOf(policy: Policy, namespace: string | null): PolicyRules {
  const named =
    namespace !== null && Object.hasOwn(policy.namespaces, namespace)
      ? policy.namespaces[namespace]
      : undefined;
  return named ?? policy.default;
}

export type Promised = Pick<PodPromise, Direction | "latencyTargetUs">;

interface Breach {
  /** The key of the rule: "policy.default.maxEgressGuarantee". */
  rule: string;
  /** What was asked, such as "an egress guarantee of 300M". */
  asked: string;
  /** What is allowed, such as "at most 200M". */
  allowed: string;
}

function aboveRate(rule: Ruled<number> | null, field: string, bits: number | null): Breach[] {
  if (rule === null || bits === null || bits <= rule.value) return [];
  return [
    {
      rule: rule.key,
      asked: `an ${field} of ${formatRate(bits)}`,
      allowed: `at most ${formatRate(rule.value)}`,
    },
  ];
}

function aboveBurst(
  rule: Ruled<Burst> | null,
  direction: Direction,
  { [direction]: promised }: Promised,
): Breach[] {
  const { guaranteeBits, limitBits, burstBytes } = promised;
  if (rule === null || burstBytes === null) return [];
  const rateBits = burstRateBits(guaranteeBits, limitBits);
  const most = burstAt(rule.value, rateBits);
  // A maximum beyond what the kernel can hold at the rate is above all that could be asked there.
  if (most.ok ? burstBytes <= most.bytes : rateBits !== null) return [];
  const without = rateBits === null ? ", with neither a limit nor a guarantee," : "";
  return [
    {
      rule: rule.key,
      asked: `an ${direction} burst of ${burstBytes} bytes${without}`,
      allowed: `at most ${formatBurst(rule.value)}`,
    },
  ];
}

/** Where a promise goes beyond the rules. A promise without a limit has the rules' limit (promise/ask.ts). */
export function breaches(rules: PolicyRules, promised: Promised): Breach[] {
  const { latencyTargetUs } = promised;
  const { minLatencyTargetUs: least } = rules;
  const found = directions.flatMap((direction) => {
    const { guaranteeBits, limitBits } = promised[direction];
    const { maxGuaranteeBits, maxLimitBits, maxBurst } = rules[direction];
    const ofLimit = aboveRate(maxLimitBits, `${direction} limit`, limitBits);
    return [
      ...aboveRate(maxGuaranteeBits, `${direction} guarantee`, guaranteeBits),
      ...(ofLimit.length > 0
        ? ofLimit
        : aboveRate(maxLimitBits, `${direction} guarantee`, guaranteeBits)),
      ...aboveBurst(maxBurst, direction, promised),
    ];
  });
  if (latencyTargetUs === null || least === null || latencyTargetUs >= least.value) return found;
  return [
    ...found,
    {
      rule: least.key,
      asked: `a latency target of ${formatDuration(latencyTargetUs)}`,
      allowed: `at least ${formatDuration(least.value)}`,
    },
  ];
}

export interface PolicyAsk {
  /** A pod's or an attachment's name, for messages. */
  holder: string;
  rules: PolicyRules;
  /** All annotations of the pod. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  defaultTier: string | null;
  /** The promise that all of this comes to (ask.ts). */
  promise: PodPromise;
}

/** Cilium's annotation counts where it picked the tier; where it was left aside nothing was asked. */
function counts(key: string, { annotations, promise }: PolicyAsk): boolean {
  if (key !== priorityKey) return knownAnnotations.includes(key);
  return annotations[key] === promise.tier;
}

/**
 * The annotations that ask for something, with what a person calls them. A runtime makes the capability from
 * Kubernetes' ones.
 */
function askedAnnotations(ask: PolicyAsk): Map<string, string> {
  const asked = new Map<string, string>();
  for (const direction of directions)
    if (ask.bandwidth?.[`${direction}RateBits`] !== undefined)
      asked.set(
        kubernetesKeys[direction],
        `runtimeConfig.bandwidth.${direction}Rate, which is ${kubernetesKeys[direction]},`,
      );
  for (const key of Object.keys(ask.annotations))
    if (counts(key, ask)) asked.set(key, `the annotation ${key}`);
  return asked;
}

const listed = (names: string[]): string => (names.length === 0 ? "none" : names.join(", "));

function annotationBreaches(ask: PolicyAsk): Breach[] {
  const rule = ask.rules.annotations;
  if (rule === null || rule.value.includes(anyName)) return [];
  return [...askedAnnotations(ask)]
    .filter(([key]) => !rule.value.includes(key))
    .map(([, asked]) => ({ rule: rule.key, asked, allowed: listed(rule.value) }));
}

/** The default tier may always be picked, because a pod that picks none has it too. */
function tierBreaches({
  rules: { tiers: rule },
  promise: { tier },
  defaultTier,
}: PolicyAsk): Breach[] {
  if (rule === null || tier === null || tier === defaultTier) return [];
  if (rule.value.includes(anyName) || rule.value.includes(tier)) return [];
  const others = defaultTier === null ? [] : [defaultTier];
  return [
    {
      rule: rule.key,
      asked: `tier ${tier}`,
      allowed: listed([...new Set([...rule.value, ...others])]),
    },
  ];
}

/** All that the rules do not allow. It is empty where they allow everything. */
export function policyBreaches(ask: PolicyAsk): Breach[] {
  return [...annotationBreaches(ask), ...tierBreaches(ask), ...breaches(ask.rules, ask.promise)];
}

/**
 * null means that the policy allows it. Otherwise it is policyRefused, which names each rule that refused.
 */
export function policyRefusal(ask: PolicyAsk): FairwayError | null {
  const found = policyBreaches(ask);
  if (found.length === 0) return null;
  const each = found.map(({ rule, asked, allowed }) => `${asked} (${rule} allows ${allowed})`);
  return new FairwayError(
    "policyRefused",
    `${ask.holder} asks for what the operator's policy does not allow: ${each.join("; ")}`,
    "Ask for what is allowed, or have the operator change the policy in the node's CNI configuration.",
  );
}
