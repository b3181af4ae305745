/** What is written to a Node's status, so that the scheduler knows what the node can still promise. Pure. */
import { formatRate } from "../config/quantities.ts";
import { mbpsDown, resourceNames } from "../config/resources.ts";
import { type Direction, directions, type TreeSettings } from "../plan/node.ts";
import { type NodeSeen, resourcePlaces } from "./node-object.ts";
import {
  type Load,
  type Publishing,
  roomBits,
  type Schedulable,
  schedulable,
} from "./schedulable.ts";
import { amountOf } from "./scheduler-count.ts";

/** One direction of a node, as the scheduler is to see it. */
interface DirectionTold extends Schedulable {
  /** What there is for pods at all. */
  roomBits: number;
}

export type CapacityTold = Readonly<Record<Direction, DirectionTold>>;

export interface CapacityAsk {
  trees: TreeSettings;
  publishing: Publishing;
  loads: (direction: Direction) => readonly Load[];
  /** The number of attachments without a guarantee. */
  floors: Readonly<Record<Direction, number>>;
}

export function capacityTold({ trees, publishing, loads, floors }: CapacityAsk): CapacityTold {
  const of = (direction: Direction): DirectionTold => {
    const room = roomBits(trees, direction, floors[direction]);
    return { ...schedulable(room, publishing, loads(direction)), roomBits: room };
  };
  return { egress: of("egress"), ingress: of("ingress") };
}

/** The amount of a direction's resource, in whole Mbit/s; null where the Node is not to have it. */
function mbpsOf({ resources }: DirectionTold): number | null {
  return resources === null ? null : mbpsDown(resources.bits);
}

export interface StatusPatch {
  /** A merge patch of the Node's status. */
  body: unknown;
  /** Whether it takes away anything that a scheduler may be about to give to a pod. */
  isLower: boolean;
}

/**
 * null means that the Node says all of it. Both places are written: where a kubelet copies the one to the other, it
 * comes to the same some seconds later, and where none does (a node that is only an object) nobody else would.
 */
export function statusPatch(node: NodeSeen, told: CapacityTold): StatusPatch | null {
  const wanted = directions.map((direction) => [direction, mbpsOf(told[direction])] as const);
  const compared = resourcePlaces.flatMap((place) =>
    wanted.map(([direction, mbps]) => {
      const text = node.resources[place][direction];
      return { text, has: amountOf(text ?? undefined), mbps };
    }),
  );
  if (compared.every(({ text, has, mbps }) => (mbps === null ? text === null : has === mbps)))
    return null;
  const amounts = Object.fromEntries(
    wanted.map(([direction, mbps]) => [
      resourceNames[direction],
      // A merge patch takes away what is null.
      mbps === null ? null : String(mbps),
    ]),
  );
  return {
    // With its uid, a Node that was made anew meanwhile is not taken for the one that was seen.
    body: {
      metadata: { uid: node.uid },
      status: Object.fromEntries(resourcePlaces.map((place) => [place, amounts])),
    },
    isLower: compared.some(
      ({ text, has, mbps }) => text !== null && (mbps === null || (has !== null && mbps < has)),
    ),
  };
}

/** Says in words where more is counted and in force than the node has; null where it is enough. */
export function shortWords(told: CapacityTold): string | null {
  const words = directions.flatMap((direction) => {
    const { shortBits, roomBits: room, resources, dra } = told[direction];
    if (shortBits === 0) return [];
    const counted = (resources?.countedBits ?? 0) + (dra?.countedBits ?? 0);
    return `${direction}: the scheduler counts ${formatRate(counted)} for the node's pods, and with what is in force beyond that they hold ${formatRate(room + shortBits)} of ${formatRate(room)}; what is published stays at ${formatRate(counted)}`;
  });
  if (words.length === 0) return null;
  return `more is promised than this node can promise, so no pod that asks for bandwidth is placed here until that is less: ${words.join("; ")}`;
}
