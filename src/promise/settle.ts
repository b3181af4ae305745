/** Settles what is asked in one direction: the guarantee, the limit, the burst and the latency target. */
import { formatRate } from "../config/quantities.ts";
import type { Burst, DirectionAsk, Given } from "../config/types.ts";
import type { Direction, DirectionPromise } from "../plan/node.ts";
import { burstAt, burstRateBits } from "./burst.ts";

/** What is asked for, each value from the strongest of those that ask for it. */
export type PromiseAsk = Record<Direction, DirectionAsk> & { target: Given | null };

/** What contradicts itself, under the name of the rule that it breaks. */
export type Contradiction = { direction: Direction } & (
  | { rule: "guaranteeWithinLimit"; guarantee: Given; limit: Given }
  | { rule: "latencyNeedsGuarantee"; target: Given; guarantee: Given | null }
  | { rule: "latencyLimitIsGuarantee"; target: Given; guarantee: Given; limit: Given }
  | { rule: "burstCanBeHeld"; burst: Given<Burst>; problem: string; advice: string }
);

export interface Findings {
  contradictions: Contradiction[];
  /** `explain` and `status` show these. */
  notes: string[];
}

/** Where the two contradict each other, a value of the pod's own goes before the operator's. */
const isOwn = ({ from }: Given): boolean =>
  from === "annotation" || from === "capability" || from === "claim";

export function named({ key, value }: Given): string {
  return `${key} (${formatRate(value)})`;
}

/**
 * The guarantee, which may have a limit below it. The pod's own limit lowers its tier's guarantee; otherwise
 * the two contradict each other.
 */
function lowered(
  direction: Direction,
  { guarantee, limit }: DirectionAsk,
  { contradictions, notes }: Findings,
): Given | null {
  if (guarantee === null || limit === null || limit.value >= guarantee.value) return guarantee;
  if (!isOwn(guarantee) && isOwn(limit)) {
    notes.push(`${named(guarantee)} is lowered to ${named(limit)}`);
    return limit;
  }
  contradictions.push({ direction, rule: "guaranteeWithinLimit", guarantee, limit });
  return guarantee;
}

/**
 * With a latency target the limit is the guarantee: HTB's prio applies to borrowing too, so a latency pod
 * with room to borrow would take it before all others. A limit that the operator gives yields to that, unless
 * it stands in one tier with the other two.
 */
function checkLatencyLimit(
  direction: Direction,
  target: Given,
  guaranteeBits: number,
  { guarantee, limit }: DirectionAsk,
  { contradictions, notes }: Findings,
): void {
  if (guarantee === null || limit?.value === guaranteeBits) return;
  const isOneTiers = [target, guarantee, limit].every((each) => each?.from === "tier");
  if (limit === null || !(isOwn(limit) || isOneTiers)) {
    notes.push(
      `the ${direction} limit is the guarantee (${formatRate(guaranteeBits)}), because of ${target.key}`,
    );
  } else if (limit.value > guaranteeBits) {
    const rule = "latencyLimitIsGuarantee";
    contradictions.push({ direction, rule, target, guarantee, limit });
  }
}

/** One direction's promise, and the guarantee as it was given. */
export interface SettledDirection {
  promise: DirectionPromise;
  guarantee: Given | null;
}

/** Without a guarantee it is best effort, with or without a latency target. */
export function settle(
  direction: Direction,
  asked: DirectionAsk,
  target: Given | null,
  findings: Findings,
): SettledDirection {
  const { contradictions } = findings;
  const { limit, burst } = asked;
  const guarantee = lowered(direction, asked, findings);
  const guaranteeBits = guarantee?.value ?? 0;
  // A target says how long what stays within the egress guarantee may wait, so without a guarantee it says
  // nothing.
  if (target !== null && direction === "egress" && guaranteeBits === 0)
    contradictions.push({ direction, rule: "latencyNeedsGuarantee", target, guarantee });
  const isFirst = target !== null && guaranteeBits > 0;
  if (isFirst) checkLatencyLimit(direction, target, guaranteeBits, asked, findings);
  const limitBits = isFirst ? guaranteeBits : (limit?.value ?? null);
  const held =
    burst === null ? null : burstAt(burst.value, burstRateBits(guaranteeBits, limitBits));
  if (burst !== null && held?.ok === false)
    contradictions.push({ direction, rule: "burstCanBeHeld", burst, ...held });
  const burstBytes = held?.ok ? held.bytes : null;
  return { promise: { guaranteeBits, limitBits, burstBytes }, guarantee };
}

/** What contradicts itself, in the words of whoever asked for it. */
export function inWords(found: Contradiction): [key: string, problem: string, advice: string] {
  switch (found.rule) {
    case "guaranteeWithinLimit": {
      const { guarantee, limit } = found;
      return [
        guarantee.key,
        `${formatRate(guarantee.value)} is above the limit, ${named(limit)}`,
        `Lower "${guarantee.key}" or raise "${limit.key}".`,
      ];
    }
    case "latencyNeedsGuarantee":
      return [
        found.target.key,
        `a latency target needs an egress guarantee${found.guarantee === null ? "" : `, and ${found.guarantee.key} is 0`}`,
        'Give the annotation "fairway.dev/egress-guarantee", or a tier that has one.',
      ];
    case "latencyLimitIsGuarantee": {
      const { target, guarantee, limit } = found;
      return [
        limit.key,
        `${formatRate(limit.value)} is above ${named(guarantee)}, and with ${target.key} the limit is the guarantee`,
        `Remove "${limit.key}" or make it equal to the guarantee: what goes first in HTB's queue goes first in borrowing too, and would leave nothing to others.`,
      ];
    }
    case "burstCanBeHeld":
      return [found.burst.key, found.problem, found.advice];
  }
}
