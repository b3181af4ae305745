/** The annotations on a pod that Fairway reads. */
import { parseGuaranteeBits, parseLatencyTargetUs, parseLimitBits } from "../config/quantities.ts";
import { suggestion } from "../config/suggest.ts";
import { notBuilt } from "../config/unknown-keys.ts";
import type { Violations } from "../config/violations.ts";
import type { Direction } from "../plan/node.ts";

const prefix = "fairway.dev/";

/** All keys under our prefix. */
export const annotationKeys = {
  tier: "fairway.dev/tier",
  guarantee: {
    egress: "fairway.dev/egress-guarantee",
    ingress: "fairway.dev/ingress-guarantee",
  },
  limit: { egress: "fairway.dev/egress-limit", ingress: "fairway.dev/ingress-limit" },
  latencyTarget: "fairway.dev/latency-target",
  ip: "fairway.dev/ip",
} as const;

/** Kubernetes' own, which the runtime hands over a second time, as the bandwidth capability. They are limits. */
export const kubernetesKeys = {
  egress: "kubernetes.io/egress-bandwidth",
  ingress: "kubernetes.io/ingress-bandwidth",
} as const;

/** Those that Fairway reads, its own misspelt ones included; other people's annotations are none of its business. */
export function ownAnnotations(annotations: Record<string, string>): Record<string, string> {
  const kubernetes: readonly string[] = Object.values(kubernetesKeys);
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => key.startsWith(prefix) || kubernetes.includes(key),
    ),
  );
}

const knownKeys: readonly string[] = [
  annotationKeys.tier,
  ...Object.values(annotationKeys.guarantee),
  ...Object.values(annotationKeys.limit),
  annotationKeys.latencyTarget,
  annotationKeys.ip,
];

/** A value and the key that it came from, for messages. */
export interface Given {
  key: string;
  value: number;
}

export interface AnnotatedDirection {
  guarantee: Given | null;
  /** fairway.dev/ */
  limit: Given | null;
  /** kubernetes.io/ */
  bandwidth: Given | null;
}

export interface Annotated {
  tier: string | null;
  egress: AnnotatedDirection;
  ingress: AnnotatedDirection;
  latencyTarget: Given | null;
}

function checkKeys(annotations: Record<string, string>, violations: Violations): void {
  for (const key of Object.keys(annotations)) {
    if (key === annotationKeys.ip) {
      violations.add(key, `this annotation ${notBuilt}`, `Remove "${key}".`);
    } else if (key.startsWith(prefix) && !knownKeys.includes(key)) {
      violations.add(key, "unknown annotation", suggestion(key, knownKeys));
    }
  }
}

/** What the pod's annotations say. Unknown keys of ours, and values that do not parse, are violations. */
export function readAnnotations(
  annotations: Record<string, string>,
  violations: Violations,
): Annotated {
  checkKeys(annotations, violations);
  const textOf = (key: string) => (Object.hasOwn(annotations, key) ? annotations[key] : undefined);
  const given = (key: string, parse: (text: string, key: string) => number): Given | null => {
    const text = textOf(key);
    const value = text === undefined ? undefined : violations.attempt(() => parse(text, key));
    return value === undefined ? null : { key, value };
  };
  const direction = (name: Direction): AnnotatedDirection => ({
    guarantee: given(annotationKeys.guarantee[name], parseGuaranteeBits),
    limit: given(annotationKeys.limit[name], parseLimitBits),
    bandwidth: given(kubernetesKeys[name], parseLimitBits),
  });
  return {
    tier: textOf(annotationKeys.tier) ?? null,
    egress: direction("egress"),
    ingress: direction("ingress"),
    latencyTarget: given(annotationKeys.latencyTarget, parseLatencyTargetUs),
  };
}
