/**
 * How much bandwidth the scheduler may be told that a node has, in one direction (decision 49). The scheduler takes
 * from it what it counts for the node's pods. So it is what the node can promise, less whatever is in force
 * beyond that count, and never less than the count: a node whose resource is below what its pods use is wedged.
 * Pure.
 */
import type { Direction, TreeSettings } from "../plan/node.ts";
import { leftBits, treeOf } from "../promise/capacity.ts";

/** The two ways by which a scheduler counts: extended resources, and claims of dynamic resource allocation. */
const countings = ["resources", "dra"] as const;
type Counting = (typeof countings)[number];

/** How a node's capacity is told (the key `publish` of a BandwidthClass). */
export const publishings = ["resources", "dra", "split"] as const;
export type Publishing = (typeof publishings)[number];
/** Where no class says it. */
export const usualPublishing: Publishing = "resources";

/** A pod, or those that share a claim. */
export interface Load {
  /** What a scheduler counts for it, by each way. 0 where that way knows nothing of it. */
  countedBits: Readonly<Record<Counting, number>>;
  /** The sum of its attachments' guarantees in force. 0 where it has no attachment here, or not yet. */
  inForceBits: number;
}

/** What is published to one of the ways. */
interface Published {
  /** It is at least what is counted. */
  bits: number;
  countedBits: number;
}

/** null means that this way is told nothing at all. */
export type Schedulable = Record<Counting, Published | null> & {
  /** How much more is counted and in force than there is. Where it is above 0, the node has to say so. */
  shortBits: number;
};

/**
 * What a node can promise to pods at all: its capacity less the reserve and the host's own classes. `floors` is the
 * number of best-effort pods, for which the reserve pays until they are very many.
 */
export function roomBits(trees: TreeSettings, direction: Direction, floors: number): number {
  return Math.max(0, leftBits(treeOf(trees, direction), { guaranteedBits: 0, floors }));
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);

/** With `split` each way has half of it, and no bit is in both. */
function sharesOf(room: number, publishing: Publishing): [Counting, number][] {
  if (publishing !== "split") return [[publishing, room]];
  const halfBits = Math.floor(room / 2);
  return [
    ["resources", halfBits],
    ["dra", room - halfBits],
  ];
}

/**
 * What a way counts, and what is in force beyond that for pods of its own, is its share's; what none of the ways in
 * use counts is taken from all alike, and what one of them lacks from the other. What both count (a claim, and an
 * annotation that says the same) is promised once, so once of it is free again for both alike. So what is free of both
 * together is never more than the node has left.
 */
export function schedulable(
  room: number,
  publishing: Publishing,
  loads: readonly Load[],
): Schedulable {
  const shares = sharesOf(room, publishing);
  const countedBy = ({ countedBits }: Load): Counting[] =>
    shares.flatMap(([way]) => (countedBits[way] > 0 ? way : []));
  // What both ways count is one promise: what is counted twice is given back.
  const excessOf = (load: Load): number => {
    const counted = countedBy(load).map((way) => load.countedBits[way]);
    return Math.max(load.inForceBits, ...counted) - sum(counted);
  };
  const sides = shares.map(([way, shareBits]) => {
    const own = loads.filter((load) => countedBy(load).join() === way);
    const countedBits = sum(loads.map((load) => load.countedBits[way]));
    return { way, countedBits, freeBits: shareBits - countedBits - sum(own.map(excessOf)) };
  });
  const others = loads.filter((load) => countedBy(load).length !== 1);
  const { leftBits: left, shortBits } = taken(
    sides.map(({ freeBits }) => freeBits),
    sum(others.map(excessOf)),
  );
  const result: Schedulable = { resources: null, dra: null, shortBits };
  for (const [index, { way, countedBits }] of sides.entries())
    result[way] = { bits: countedBits + (left[index] ?? 0), countedBits };
  return result;
}

/**
 * Takes so much, and what is below 0, from all that is free: from each alike, as far as it has it. Where `bits` is
 * below 0, and more than what is lacking, each gets as much of it.
 */
function taken(
  freeBits: readonly number[],
  bits: number,
): { leftBits: number[]; shortBits: number } {
  const left = freeBits.map((each) => Math.max(0, each));
  let shortBits = bits + sum(freeBits.map((each) => Math.max(0, -each)));
  if (shortBits < 0) {
    const [eachBits, restBits] = [Math.floor(-shortBits / left.length), -shortBits % left.length];
    const given = left.map((has, index) => has + eachBits + (index < restBits ? 1 : 0));
    return { leftBits: given, shortBits: 0 };
  }
  for (
    let having = left.filter((each) => each > 0).length;
    having > 0 && shortBits > 0;
    having = left.filter((each) => each > 0).length
  ) {
    const partBits = Math.ceil(shortBits / having);
    for (const [index, has] of left.entries()) {
      const part = Math.min(has, partBits, shortBits);
      left[index] = has - part;
      shortBits -= part;
    }
  }
  return { leftBits: left, shortBits };
}
