/**
 * What a tree can promise. The sum of all leaf rates and of the host's never exceeds its capacity, because HTB's
 * parent does not cap its children's guarantees.
 */
import type { Reserve } from "../config/types.ts";
import type { Attachment, Direction, TreeSettings } from "../plan/node.ts";
import { floorBits } from "../plan/shape.ts";

/** The reserve pays for so many best-effort pods before they take from what guarantees could have. */
const budgetedFloors = 256;

/** A reserve of a direction, in whole bits per second. A percentage is rounded up: the host gets what was said. */
export function reserveBits(reserve: Reserve, capacityBits: number): number {
  if (reserve.kind === "rate") return reserve.bits;
  // A percentage has up to three decimals (parseReserve), so its thousandths are whole numbers.
  const thousandths = BigInt(Math.round(reserve.percent * 1000));
  const scaled = BigInt(capacityBits) * thousandths;
  return Number((scaled + 99_999n) / 100_000n);
}

/**
 * The rate of the host's own class. It is the reserve less a budget for the best-effort pods' floors, which
 * is at most half of the reserve. The rate is at least one floor, and at most the capacity.
 */
export function hostRateBits(capacityBits: number, reservedBits: number): number {
  const budgetBits = Math.min(Math.floor(reservedBits / 2), budgetedFloors * floorBits);
  return Math.min(capacityBits, Math.max(reservedBits - budgetBits, floorBits));
}

/** The rate that the kernel is told for a pod's leaf. */
export function leafRateBits(guaranteeBits: number): number {
  return Math.max(guaranteeBits, floorBits);
}

export interface Holder {
  /** A pod's or an attachment's name, for messages. */
  holder: string;
  guaranteeBits: number;
}

/** One direction of the trees, as far as its capacity goes. */
export interface Tree {
  direction: Direction;
  capacityBits: number;
  reserveBits: number;
  /** The host's own classes hold guarantees as pods do, and nothing shrinks them. */
  hosts: readonly Holder[];
}

export function treeOf(trees: TreeSettings, direction: Direction): Tree {
  const hosts = trees.hostClasses.map(({ name, egressGuaranteeBits }) => ({
    holder: `host class ${name}`,
    guaranteeBits: egressGuaranteeBits,
  }));
  return {
    direction,
    capacityBits: trees[`${direction}CapacityBits`],
    reserveBits: trees[`${direction}ReserveBits`],
    hosts: direction === "egress" ? hosts : [],
  };
}

/** What pods hold in one direction. The ledger keeps the same sums (ledger/promised.ts). */
export interface Load {
  /** The sum of the leaf rates of those with a guarantee. A guarantee below a floor takes a floor. */
  guaranteedBits: number;
  /** The number of those without. */
  floors: number;
}

export function loadOf(guarantees: readonly number[]): Load {
  const guaranteed = guarantees.filter((bits) => bits > 0);
  return {
    guaranteedBits: guaranteed.reduce((sum, bits) => sum + leafRateBits(bits), 0),
    floors: guarantees.length - guaranteed.length,
  };
}

/** The sum of the guarantees as they were promised, in bits per second, in force or scaled. */
export const promisedBits = (
  held: readonly Pick<Attachment, "promise">[],
  direction: Direction,
): number => held.reduce((sum, { promise }) => sum + promise[direction].guaranteeBits, 0);

/**
 * What a tree has left for guarantees beside the host and what pods hold, in bits per second. It is negative
 * where more is held than there is.
 */
export function leftBits({ capacityBits, reserveBits, hosts }: Tree, ...loads: Load[]): number {
  const own = loadOf(hosts.map(({ guaranteeBits }) => guaranteeBits));
  const guaranteed = loads.reduce(
    (sum, { guaranteedBits }) => sum + guaranteedBits,
    own.guaranteedBits,
  );
  const floors = loads.reduce((sum, each) => sum + each.floors, 0);
  const hostAndFloors = hostRateBits(capacityBits, reserveBits) + floors * floorBits;
  return capacityBits - Math.max(reserveBits, hostAndFloors) - guaranteed;
}
