/**
 * Calculates what is in force. Where the sum of the guarantees is more than there is, they shrink in
 * proportion. The bursts of pods with a latency target are chosen together (bursts.ts). A pod's promise in
 * force is a pure function of all attachments and the trees, so that every process of the node comes to the
 * same. Where the sum fits, and without a target, it is what was promised.
 */
import { formatRate } from "../config/quantities.ts";
import {
  type Attachment,
  type Direction,
  type DirectionPromise,
  directions,
  type PodPromise,
  type TreeSettings,
} from "../plan/node.ts";
import { floorBits } from "../plan/shape.ts";
import { leafRateBits, leftBits, loadOf, treeOf } from "./capacity.ts";
import { withBursts } from "./latency.ts";

/**
 * The guarantees in whole bits per second, in the order of `askedBits`, which are all above 0. None is more
 * than was asked, no leaf rate is below the floor, and their sum is not above `roomBits`. It is above only
 * where there is less room than floors, and there each has its floor. Admission does not let that happen, but
 * a lowered capacity may.
 */
export function scaled(askedBits: readonly number[], roomBits: number): number[] {
  if (sum(askedBits.map(leafRateBits)) <= BigInt(roomBits)) return [...askedBits];
  const room = BigInt(Math.max(0, roomBits));
  const floor = BigInt(floorBits);
  // A pod that would fall below a floor gets one, which leaves less to the others. This goes on until nobody
  // does.
  let sharing = askedBits.filter((bits) => bits > floorBits);
  for (;;) {
    const left = room - floor * BigInt(askedBits.length - sharing.length);
    const weight = sum(sharing);
    const above = sharing.filter((bits) => BigInt(bits) * left >= floor * weight);
    if (above.length < sharing.length) {
      sharing = above;
      continue;
    }
    // This is the same test as above: a pod whose share is a floor or more is among `sharing`.
    return askedBits.map((bits) => {
      if (weight === 0n || BigInt(bits) * left < floor * weight) return Math.min(bits, floorBits);
      return Number((BigInt(bits) * left) / weight);
    });
  }
}

function sum(bits: readonly number[]): bigint {
  return bits.reduce((total, each) => total + BigInt(each), 0n);
}

/** The part of an attachment that counts here. */
type Holding = Pick<Attachment, "promise" | "mtuBytes">;

interface Scaling {
  /** What each attachment's guarantee comes to, in their order. */
  guaranteeBits: number[];
  sumBits: bigint;
  roomBits: number;
}

function scaling(held: readonly Holding[], trees: TreeSettings, direction: Direction): Scaling {
  const asked = held.map(({ promise }) => promise[direction].guaranteeBits);
  const guaranteed = asked.filter((bits) => bits > 0);
  const { floors } = loadOf(asked);
  const roomBits = leftBits(treeOf(trees, direction), { guaranteedBits: 0, floors });
  const now = scaled(guaranteed, roomBits).values();
  return {
    guaranteeBits: asked.map((bits) => (bits === 0 ? 0 : (now.next().value ?? 0))),
    sumBits: sum(guaranteed),
    roomBits,
  };
}

function inProportion(
  burstBytes: number | null,
  nowBits: number,
  { guaranteeBits }: DirectionPromise,
): number | null {
  if (burstBytes === null) return null;
  return Number((BigInt(burstBytes) * BigInt(nowBits)) / BigInt(guaranteeBits));
}

/** With a latency target the limit is the guarantee (settle.ts), whatever that comes to. */
function scaledPromise(
  promise: PodPromise,
  direction: Direction,
  guaranteeBits: number,
  { sumBits, roomBits }: Scaling,
): PodPromise {
  const asked = promise[direction];
  if (guaranteeBits === asked.guaranteeBits) return promise;
  const followed = promise.latencyTargetUs !== null && asked.limitBits === asked.guaranteeBits;
  const target = followed
    ? "; the latency target gives precedence, but is not kept while the guarantee is scaled"
    : "";
  return {
    ...promise,
    [direction]: {
      ...asked,
      guaranteeBits,
      limitBits: followed ? guaranteeBits : asked.limitBits,
      // The burst is of the same time at the lower rate: that was not too long for the kernel, and is not
      // now.
      burstBytes: followed
        ? inProportion(asked.burstBytes, guaranteeBits, asked)
        : asked.burstBytes,
    },
    notes: [
      ...promise.notes,
      `the ${direction} guarantee (${formatRate(asked.guaranteeBits)}) is scaled to ${formatRate(guaranteeBits)}: guarantees of ${formatRate(Number(sumBits))} share ${formatRate(Math.max(0, roomBits))}${target}`,
    ],
  };
}

/** All attachments of the node, with the promises that are in force. `held` has what is promised. */
export function inForce<A extends Holding>(held: readonly A[], trees: TreeSettings): A[] {
  const egress = scaling(held, trees, "egress");
  const ingress = scaling(held, trees, "ingress");
  const by = { egress, ingress };
  const rates = held.map((each, index) => ({
    ...each,
    promise: directions.reduce(
      (promise, direction) =>
        scaledPromise(promise, direction, by[direction].guaranteeBits[index] ?? 0, by[direction]),
      each.promise,
    ),
  }));
  return withBursts(rates, trees);
}
