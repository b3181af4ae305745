/** The annotations on a pod that Fairway reads: their keys, and what they say. */
import type { Direction } from "../plan/node.ts";
import { parseBurst } from "./burst.ts";
import type { Problems } from "./problems.ts";
import { parseGuaranteeBits, parseLatencyTargetUs, parseLimitBits } from "./quantities.ts";
import { suggestion } from "./suggest.ts";
import type { DirectionAsk, Given } from "./types.ts";

/** All keys under our prefix. */
export const annotationKeys = {
  tier: "fairway.dev/tier",
  guarantee: {
    egress: "fairway.dev/egress-guarantee",
    ingress: "fairway.dev/ingress-guarantee",
  },
  limit: { egress: "fairway.dev/egress-limit", ingress: "fairway.dev/ingress-limit" },
  burst: { egress: "fairway.dev/egress-burst", ingress: "fairway.dev/ingress-burst" },
  latencyTarget: "fairway.dev/latency-target",
  ip: "fairway.dev/ip",
  ipPool: "fairway.dev/ip-pool",
} as const;

/**
 * Kubernetes' own keys, which the runtime hands over a second time, as the bandwidth capability. They are
 * limits.
 */
export const kubernetesKeys = {
  egress: "kubernetes.io/egress-bandwidth",
  ingress: "kubernetes.io/ingress-bandwidth",
} as const;

/**
 * Cilium's key and its values (bandwidth manager, "Priority levels"). A value picks the tier of that name,
 * where there is one.
 */
export const priorityKey = "bandwidth.cilium.io/priority";
export const priorities: readonly string[] = ["guaranteed", "burstable", "bestEffort"];

/** A kubelet writes it onto what the API server has of a static pod. */
export const mirrorKey = "kubernetes.io/config.mirror";

export const fairwayPrefix = "fairway.dev/";

export const fairwayKeys: readonly string[] = [
  annotationKeys.tier,
  ...Object.values(annotationKeys.guarantee),
  ...Object.values(annotationKeys.limit),
  ...Object.values(annotationKeys.burst),
  annotationKeys.latencyTarget,
  annotationKeys.ip,
  annotationKeys.ipPool,
];

/** Our keys and those of others. */
export const knownAnnotations: readonly string[] = [
  ...fairwayKeys,
  ...Object.values(kubernetesKeys),
  priorityKey,
];

/**
 * The annotations that Fairway reads, and its own misspelt ones. Other people's annotations are none of its
 * business.
 */
export function ownAnnotations(annotations: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => key.startsWith(fairwayPrefix) || knownAnnotations.includes(key),
    ),
  );
}

/** `limit` is the one under fairway.dev/. */
export interface AnnotatedDirection extends DirectionAsk {
  /** The limit under kubernetes.io/. */
  bandwidth: Given | null;
}

export interface Annotated {
  tier: string | null;
  /** The value of bandwidth.cilium.io/priority, as it stands. */
  priority: string | null;
  egress: AnnotatedDirection;
  ingress: AnnotatedDirection;
  latencyTarget: Given | null;
}

function checkKeys(annotations: Record<string, string>, problems: Problems): void {
  for (const key of Object.keys(annotations)) {
    if (key.startsWith(fairwayPrefix) && !fairwayKeys.includes(key)) {
      problems.add(key, "unknown annotation", suggestion(key, fairwayKeys));
    }
  }
}

/** What the pod's annotations say. Unknown keys of ours, and values that do not parse, are problems. */
export function readAnnotations(
  annotations: Record<string, string>,
  problems: Problems,
): Annotated {
  checkKeys(annotations, problems);
  const textOf = (key: string) => (Object.hasOwn(annotations, key) ? annotations[key] : undefined);
  const given = <T>(key: string, parse: (text: string, key: string) => T): Given<T> | null => {
    const text = textOf(key);
    const value = text === undefined ? undefined : problems.attempt(() => parse(text, key));
    return value === undefined ? null : { from: "annotation", key, value };
  };
  const direction = (name: Direction): AnnotatedDirection => ({
    guarantee: given(annotationKeys.guarantee[name], parseGuaranteeBits),
    limit: given(annotationKeys.limit[name], parseLimitBits),
    bandwidth: given(kubernetesKeys[name], parseLimitBits),
    burst: given(annotationKeys.burst[name], parseBurst),
  });
  return {
    tier: textOf(annotationKeys.tier) ?? null,
    priority: textOf(priorityKey) ?? null,
    egress: direction("egress"),
    ingress: direction("ingress"),
    latencyTarget: given(annotationKeys.latencyTarget, parseLatencyTargetUs),
  };
}
