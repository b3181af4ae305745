/**
 * Applies the delay bound to a node: which classes go first, what stands in their way, and which bursts they
 * have.
 */
import type { Attachment, NetworkBase, PodPromise, TreeSettings } from "../plan/node.ts";
import { egressUnitBytes, leafShape, podGsoMaxBytes, tbfShape } from "../plan/shape.ts";
import { type Bounded, boundsOf, type EgressPath } from "./bound.ts";
import { chooseBursts, type LatencyAsk } from "./bursts.ts";

/** An attachment, as far as the bound looks at it. */
export interface Member {
  /** The name is unique on the node, and is for messages too. */
  holder: string;
  promise: PodPromise;
  mtuBytes: number;
}

export type Trees = Pick<NetworkBase, "trees">;

/** `mtuBytes` is the largest MTU of the node's pods. */
export function egressPath({ trees }: Trees, mtuBytes: number): EgressPath {
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

/** Whether it has a latency target that covers egress, so that its burst depends on the other pods'. */
export function hasEgressTarget({ latencyTargetUs, egress }: PodPromise): boolean {
  return latencyTargetUs !== null && egress.guaranteeBits > 0;
}

/** null means that this attachment has no latency target that covers egress. */
export function latencyAskOf({ trees }: Trees, member: Member): LatencyAsk | null {
  const { holder, promise, mtuBytes } = member;
  const { egress, latencyTargetUs: targetUs } = promise;
  if (targetUs === null || egress.guaranteeBits === 0) return null;
  const { egressCapacityBits } = trees;
  const unitBytes = podGsoMaxBytes(egressCapacityBits, mtuBytes);
  const isFixed = egress.burstBytes !== null;
  const least = { ...promise, egress: { ...egress, burstBytes: egress.burstBytes ?? 0 } };
  const leastBytes = leafShape(least, "egress", egressCapacityBits, unitBytes).burstBytes;
  return { holder, guaranteeBits: egress.guaranteeBits, leastBytes, isFixed, unitBytes, targetUs };
}

export const asksOf = (trees: Trees, members: readonly Member[]): LatencyAsk[] =>
  members.flatMap((member) => latencyAskOf(trees, member) ?? []);

export const largestMtu = (members: readonly Pick<Member, "mtuBytes">[]): number =>
  Math.max(0, ...members.map((m) => m.mtuBytes));

/** Every latency pod with its bound, for `status` and `explain`. */
export function boundedMembers(base: Trees, members: readonly Member[]): Bounded[] {
  const asks = asksOf(base, members);
  if (asks.length === 0) return [];
  const path = egressPath(base, largestMtu(members));
  return boundsOf(path, chooseBursts(path, asks));
}

/** The bounds of those that have a target, in microseconds, by their holders (`memberOf`). */
export const boundsUsOf = (base: Trees, members: readonly Member[]): Map<string, number> =>
  new Map(
    boundedMembers(base, members).map(({ latencyClass, boundUs }) => [
      latencyClass.holder,
      boundUs,
    ]),
  );

type Holding = Pick<Attachment, "promise" | "mtuBytes">;

/**
 * The same attachments, where those with a latency target have the egress burst that is in force. That burst
 * depends on all that have a target. Only these have to be given where `largestMtuBytes` tells the largest
 * MTU of all.
 */
export function withBursts<A extends Holding>(
  held: readonly A[],
  trees: TreeSettings,
  largestMtuBytes = largestMtu(held),
): A[] {
  const ask = ({ promise, mtuBytes }: A) =>
    latencyAskOf({ trees }, { holder: "", promise, mtuBytes });
  const asks = held.map(ask);
  const bursts = chooseBursts(
    egressPath({ trees }, largestMtuBytes),
    asks.filter((each) => each !== null),
  ).values();
  return held.map((each, at) => {
    const burstBytes = asks[at] === null ? undefined : bursts.next().value?.burstBytes;
    if (burstBytes === undefined || burstBytes === each.promise.egress.burstBytes) return each;
    const egress = { ...each.promise.egress, burstBytes };
    return { ...each, promise: { ...each.promise, egress } };
  });
}
