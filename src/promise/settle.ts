/** Settles what is asked in one direction: the guarantee, the limit, the burst and the latency target. */
import { burstAt, burstRateBits } from "../config/burst.ts";
import { formatRate } from "../config/quantities.ts";
import type { Burst } from "../config/types.ts";
import type { Violations } from "../config/violations.ts";
import type { Direction, DirectionPromise } from "../plan/node.ts";
import type { Given } from "./annotations.ts";

/** A rate, the key that it came from, and whether it is the pod's own (annotation, capability) or the operator's (tier, policy). */
export interface AskedRate {
  key: string;
  bits: number;
  own: boolean;
}

export interface DirectionAsked {
  direction: Direction;
  guarantee: AskedRate | null;
  limit: AskedRate | null;
  burst: Given<Burst> | null;
}

export interface Findings {
  violations: Violations;
  /** `explain` and `status` show these. */
  notes: string[];
}

type SettledRates = Pick<DirectionPromise, "guaranteeBits" | "limitBits">;

function named({ key, bits }: AskedRate): string {
  return `${key} (${formatRate(bits)})`;
}

/**
 * The guarantee, which may have a limit below it. The pod's own limit lowers its tier's guarantee; otherwise
 * the two contradict each other.
 */
function lowered({ guarantee, limit }: DirectionAsked, { violations, notes }: Findings): number {
  if (guarantee === null) return 0;
  if (limit === null || limit.bits >= guarantee.bits) return guarantee.bits;
  if (!guarantee.own && limit.own) {
    notes.push(`${named(guarantee)} is lowered to ${named(limit)}`);
    return limit.bits;
  }
  violations.add(
    guarantee.key,
    `${formatRate(guarantee.bits)} is above the limit, ${named(limit)}`,
    `Lower "${guarantee.key}" or raise "${limit.key}".`,
  );
  return guarantee.bits;
}

/**
 * A target says how long what stays within the egress guarantee may wait, so without a guarantee it says
 * nothing.
 */
function checkTarget(
  target: Given,
  { direction, guarantee }: DirectionAsked,
  { violations }: Findings,
): void {
  if (direction !== "egress" || (guarantee?.bits ?? 0) > 0) return;
  const zero = guarantee === null ? "" : `, and ${guarantee.key} is 0`;
  violations.add(
    target.key,
    `a latency target needs an egress guarantee${zero}`,
    'Give the annotation "fairway.dev/egress-guarantee", or a tier that has one.',
  );
}

/**
 * With a latency target the limit is the guarantee: HTB's prio applies to borrowing too, so a latency pod
 * with room to borrow would take it before all others.
 */
function latencyLimit(
  target: Given,
  guaranteeBits: number,
  { direction, guarantee, limit }: DirectionAsked,
  { violations, notes }: Findings,
): number {
  if (guarantee === null || limit?.bits === guaranteeBits) return guaranteeBits;
  if (limit === null || !limit.own) {
    notes.push(
      `the ${direction} limit is the guarantee (${formatRate(guaranteeBits)}), because of ${target.key}`,
    );
  } else if (limit.bits > guaranteeBits) {
    violations.add(
      limit.key,
      `${formatRate(limit.bits)} is above ${named(guarantee)}, and with ${target.key} the limit is the guarantee`,
      `Remove "${limit.key}" or make it equal to the guarantee: what goes first in HTB's queue goes first in borrowing too, and would leave nothing to others.`,
    );
  }
  return guaranteeBits;
}

function settledRates(
  asked: DirectionAsked,
  target: Given | null,
  findings: Findings,
): SettledRates {
  const guaranteeBits = lowered(asked, findings);
  if (target !== null) checkTarget(target, asked, findings);
  if (target === null || guaranteeBits === 0) {
    return { guaranteeBits, limitBits: asked.limit?.bits ?? null };
  }
  return { guaranteeBits, limitBits: latencyLimit(target, guaranteeBits, asked, findings) };
}

function burstBytesOf(
  burst: Given<Burst> | null,
  { guaranteeBits, limitBits }: SettledRates,
  { violations }: Findings,
): number | null {
  if (burst === null) return null;
  const at = burstAt(burst.value, burstRateBits(guaranteeBits, limitBits));
  if (at.ok) return at.bytes;
  violations.add(burst.key, at.problem, at.advice);
  return null;
}

/** One direction's promise. Without a guarantee it is best effort, with or without a latency target. */
export function settle(
  asked: DirectionAsked,
  target: Given | null,
  findings: Findings,
): DirectionPromise {
  const rates = settledRates(asked, target, findings);
  return { ...rates, burstBytes: burstBytesOf(asked.burst, rates, findings) };
}
