/** What a pod's annotations say. */
import {
  annotationKeys,
  fairwayKeys,
  fairwayPrefix,
  knownAnnotations,
  kubernetesKeys,
  priorityKey,
} from "../config/annotation-keys.ts";
import { parseBurst } from "../config/burst.ts";
import { parseGuaranteeBits, parseLatencyTargetUs, parseLimitBits } from "../config/quantities.ts";
import { suggestion } from "../config/suggest.ts";
import type { Violations } from "../config/violations.ts";
import type { Direction } from "../plan/node.ts";
import type { DirectionAsk, Given } from "./settle.ts";

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

function checkKeys(annotations: Record<string, string>, violations: Violations): void {
  for (const key of Object.keys(annotations)) {
    if (key.startsWith(fairwayPrefix) && !fairwayKeys.includes(key)) {
      violations.add(key, "unknown annotation", suggestion(key, fairwayKeys));
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
  const given = <T>(key: string, parse: (text: string, key: string) => T): Given<T> | null => {
    const text = textOf(key);
    const value = text === undefined ? undefined : violations.attempt(() => parse(text, key));
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
