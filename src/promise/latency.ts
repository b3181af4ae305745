/** The delay bound applied to a node: which classes go first, what stands in their way, and what is said of it. */
import { formatDuration, formatRate } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import type { NetworkBase, PodPromise } from "../plan/node.ts";
import { egressUnitBytes, leafShape, podGsoMaxBytes, tbfShape } from "../plan/shape.ts";
import {
  admitLatency,
  type Bounded,
  boundsOf,
  type EgressPath,
  type LatencyClass,
  type LatencyDecision,
} from "./bound.ts";

/** An attachment, as far as the bound looks at it. */
export interface Member {
  /** Unique on the node; for messages too. */
  holder: string;
  promise: PodPromise;
  mtuBytes: number;
}

/** `mtuBytes`: the largest of the node's pods. */
export function egressPath({ trees }: NetworkBase, mtuBytes: number): EgressPath {
  const podBytes = podGsoMaxBytes(trees.egressCapacityBits, mtuBytes);
  const bytes = egressUnitBytes(trees, mtuBytes);
  return {
    capacityBits: trees.egressCapacityBits,
    wireBits: trees.wireBits,
    tbfBurstBytes: tbfShape(trees.egressCapacityBits, bytes).burstBytes,
    blocking: {
      bytes,
      owner:
        bytes > podBytes ? `the host's own (gso_max_size of ${trees.uplink})` : "another pod's",
    },
  };
}

/** null: this attachment has no latency target that covers egress. */
export function latencyClassOf({ trees }: NetworkBase, member: Member): LatencyClass | null {
  const { holder, promise, mtuBytes } = member;
  const { guaranteeBits } = promise.egress;
  if (promise.latencyTargetUs === null || guaranteeBits === 0) return null;
  const unitBytes = podGsoMaxBytes(trees.egressCapacityBits, mtuBytes);
  const { burstBytes } = leafShape(promise, "egress", trees.egressCapacityBits, unitBytes);
  return { holder, guaranteeBits, burstBytes, unitBytes, targetUs: promise.latencyTargetUs };
}

const largestMtu = (members: readonly Member[]): number =>
  Math.max(0, ...members.map((m) => m.mtuBytes));

/** Every latency pod with its bound, for `status` and `explain`. */
export function boundedMembers(base: NetworkBase, members: readonly Member[]): Bounded[] {
  const classes = members.flatMap((member) => latencyClassOf(base, member) ?? []);
  return classes.length === 0 ? [] : boundsOf(egressPath(base, largestMtu(members)), classes);
}

/**
 * A new attachment beside those that are there: its promise with the burst that its target leaves it,
 * and how its bound comes about (null: it has no target). Of `held` those with a target are enough where
 * `othersMtuBytes` tells the largest MTU of all. Throws promiseRefused with the arithmetic.
 */
export function withinTargets(
  base: NetworkBase,
  asked: Member,
  held: readonly Member[],
  othersMtuBytes = largestMtu(held),
): { promise: PodPromise; explained: string | null } {
  const path = egressPath(base, Math.max(asked.mtuBytes, othersMtuBytes));
  const others = held.flatMap((member) => latencyClassOf(base, member) ?? []);
  const own = latencyClassOf(base, asked);
  if (own === null) {
    // Its units may still be larger than all that the others were admitted beside.
    const broken = boundsOf(path, others).filter((b) => b.boundUs > b.latencyClass.targetUs);
    if (broken.length > 0) throw refusedBeside(asked.holder, path, broken);
    return { promise: asked.promise, explained: null };
  }
  const decision = admitLatency(path, own, others, asked.promise.egress.burstBytes);
  if (!decision.ok) throw refusedTarget(decision);
  const { burstBytes } = decision.own.latencyClass;
  const promise = { ...asked.promise, egress: { ...asked.promise.egress, burstBytes } };
  return { promise, explained: arithmetic(path, decision.own, others) };
}

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)}%`;

/** The bound as a sum that can be checked by hand. */
export function arithmetic(
  path: EgressPath,
  { latencyClass, boundUs }: Bounded,
  others: readonly LatencyClass[],
): string {
  const taken = others.reduce((sum, o) => sum + o.guaranteeBits, 0);
  const ahead = others.reduce((sum, o) => sum + o.burstBytes + o.unitBytes, 0);
  return [
    `bound ${formatDuration(Math.ceil(boundUs))} =`,
    `(own burst ${latencyClass.burstBytes} B + other latency pods ${ahead} B + largest unit in front ${path.blocking.bytes} B, ${path.blocking.owner})`,
    `/ (${formatRate(path.capacityBits)}bit/s - ${formatRate(taken)}bit/s)`,
    `+ TBF burst ${path.tbfBurstBytes} B / wire ${formatRate(path.wireBits)}bit/s`,
  ].join(" ");
}

function todo(path: EgressPath, boundUs: number): string {
  const blockingUs = (8e6 * (path.blocking.bytes + path.tbfBurstBytes)) / path.capacityBits;
  const share = `${percent(blockingUs, boundUs)} of it is the largest unit in front and the burst that lets it pass`;
  return path.blocking.owner.startsWith("the host")
    ? `${share}: uplink.gsoMaxSize in the conflist makes the host's units smaller`
    : share;
}

function refusedTarget(refused: Extract<LatencyDecision, { ok: false }>): FairwayError {
  const { path, own, broken, smallestUs } = refused;
  const { holder, targetUs } = own.latencyClass;
  const asked = `${holder} asks for a latency target of ${formatDuration(targetUs)}`;
  if (smallestUs === null)
    return refusedBeside(
      holder,
      path,
      broken.filter((b) => b !== own),
    );
  return new FairwayError(
    "promiseRefused",
    `${asked}, and the smallest that it could have here is ${formatDuration(smallestUs)}: ${arithmetic(path, own, refused.others)}`,
    `Ask for ${formatDuration(smallestUs)} or more. ${todo(path, own.boundUs)}`,
  );
}

function refusedBeside(holder: string, path: EgressPath, broken: readonly Bounded[]): FairwayError {
  const victims = broken.map(
    ({ latencyClass: c, boundUs }) =>
      `${c.holder} would wait up to ${formatDuration(Math.ceil(boundUs))}, its target is ${formatDuration(c.targetUs)}`,
  );
  return new FairwayError(
    "promiseRefused",
    `${holder} would break a latency target that is promised already: ${victims.join("; ")}`,
    `Ask for a smaller guarantee or burst, or for another node. The largest unit in front is ${path.blocking.bytes} B, ${path.blocking.owner}`,
  );
}
