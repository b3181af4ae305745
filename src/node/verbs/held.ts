/**
 * What is promised already, as admission asks for it. It is read in sums, and row by row only where somebody
 * is refused.
 */

import type { LedgerView } from "../../ledger/ledger.ts";
import type { Promised } from "../../ledger/promised.ts";
import { type Attachment, type Direction, directions, type TreeSettings } from "../../plan/node.ts";
import { leafRateBits, roomForPodsBits } from "../../promise/admission.ts";

export interface Held {
  promised: Pick<Promised, Direction>;
  /** 0 means that there are no pods. */
  largestMtuBytes: number;
  /** The attachments with a latency target. */
  withTarget(): readonly Attachment[];
  all(): readonly Attachment[];
}

export const heldIn = ({ attachments }: LedgerView): Held => ({
  promised: attachments.promised(),
  largestMtuBytes: attachments.largestMtuBytes(),
  withTarget: () => attachments.withTarget(),
  all: () => attachments.all(),
});

export function heldBy(all: readonly Attachment[]): Held {
  const sums = (direction: Direction) => {
    const guaranteed = all
      .map(({ promise }) => promise[direction].guaranteeBits)
      .filter((bits) => bits > 0);
    return {
      guaranteedBits: guaranteed.reduce((sum, bits) => sum + leafRateBits(bits), 0),
      floors: all.length - guaranteed.length,
    };
  };
  const [egress, ingress] = directions.map(sums);
  if (egress === undefined || ingress === undefined) throw new RangeError("two directions");
  return {
    promised: { egress, ingress },
    largestMtuBytes: Math.max(0, ...all.map(({ mtuBytes }) => mtuBytes)),
    withTarget: () => all.filter(({ promise }) => promise.latencyTargetUs !== null),
    all: () => all,
  };
}

/**
 * What a direction has left beside these and one more guarantee, in bits per second. `askedBits` 0 means a
 * floor. The result may be negative.
 */
export function leftBits(
  { promised }: Held,
  trees: TreeSettings,
  direction: Direction,
  askedBits: number,
): number {
  const { guaranteedBits, floors } = promised[direction];
  const isFloor = askedBits === 0;
  const room = roomForPodsBits(trees, direction, floors + (isFloor ? 1 : 0));
  return room - guaranteedBits - (isFloor ? 0 : leafRateBits(askedBits));
}
