/**
 * What is wrong with a pod's annotations by themselves, wherever it may run: what a node's tiers and policy would add to
 * them is not known here, and left to ADD. src/admission/policy says the same in CEL. Pure.
 */
import { annotatedAddresses } from "../config/address-ask.ts";
import {
  type AnnotatedDirection,
  annotationKeys,
  priorities,
  readAnnotations,
} from "../config/annotations.ts";
import { poolAdvice, poolPattern } from "../config/pools.ts";
import type { Problems } from "../config/problems.ts";
import { tierAdvice, tierPattern } from "../config/tiers.ts";
import type { Given } from "../config/types.ts";
import { type Direction, directions } from "../plan/node.ts";
import { type Contradiction, type Findings, inWords, settle } from "../promise/settle.ts";

interface Beside {
  own: AnnotatedDirection;
  target: Given | null;
  /** Whether the pod says what tier it is of. */
  namesTier: boolean;
  hasClaims: boolean;
}

/** Whether a tier, a claim, or the policy's largest limit, could make it right. */
function mayBeMended(found: Contradiction, { own, target, namesTier, hasClaims }: Beside): boolean {
  const { guarantee, limit, bandwidth } = own;
  switch (found.rule) {
    case "latencyNeedsGuarantee":
      // A default tier might have a guarantee, too; a pod that relies on it has to name it.
      return guarantee === null && (namesTier || hasClaims);
    case "burstCanBeHeld":
      // With a target the limit is the guarantee, and no tier's.
      return (
        limit === null && bandwidth === null && (target === null || (guarantee?.value ?? 0) === 0)
      );
    default:
      return false;
  }
}

function contradictions(direction: Direction, beside: Beside): Contradiction[] {
  const findings: Findings = { contradictions: [], notes: [] };
  const { guarantee, limit, bandwidth, burst } = beside.own;
  settle(direction, { guarantee, limit: limit ?? bandwidth, burst }, beside.target, findings);
  return findings.contradictions.filter((each) => !mayBeMended(each, beside));
}

/** What no network can have, whatever its configuration is. */
function judgeNames(annotations: Record<string, string>, problems: Problems): void {
  const textOf = (key: string) => (Object.hasOwn(annotations, key) ? annotations[key] : undefined);
  const [tier, pool] = [textOf(annotationKeys.tier), textOf(annotationKeys.ipPool)];
  const addresses = textOf(annotationKeys.ip);
  if (tier !== undefined && !tierPattern.test(tier))
    problems.add(annotationKeys.tier, `${JSON.stringify(tier)} cannot name a tier`, tierAdvice);
  if (pool !== undefined && !poolPattern.test(pool))
    problems.add(annotationKeys.ipPool, `${JSON.stringify(pool)} cannot name a pool`, poolAdvice);
  if (addresses !== undefined) annotatedAddresses(addresses, problems);
}

/** `hasClaims` says that the pod has claims, of bandwidth or of anything else. */
export function judgeAnnotations(
  annotations: Record<string, string>,
  problems: Problems,
  hasClaims = false,
): void {
  const read = readAnnotations(annotations, problems);
  judgeNames(annotations, problems);
  const { latencyTarget: target, tier, priority } = read;
  const namesTier = tier !== null || (priority !== null && priorities.includes(priority));
  for (const direction of directions)
    for (const each of contradictions(direction, {
      ...{ own: read[direction], target, namesTier, hasClaims },
    }))
      problems.add(...inWords(each));
}
