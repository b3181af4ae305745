/**
 * From promises to the numbers that the kernel is given: bursts, quanta, queue lengths.
 */
import type { Direction, DirectionPromise, PodPromise, TreeSettings } from "./node.ts";
import { burstTicks, bytesIn, rateBytes } from "./units.ts";

/** A best-effort leaf's rate. Fair sharing comes from the quantum, so this only has to be more than nothing. */
export const floorBits = 8_000;

/** GSO_LEGACY_MAX_SIZE (include/linux/netdevice.h): the largest unit of the host's own TCP, and what GRO merges up to. */
const largestUnitBytes = 65_536;

/** Ethernet header; HTB and TBF count it. */
const ethernetHeaderBytes = 14;

/** A pod's segment may hold a tree for this long: what a packet with a latency target waits for at the most, beside its own class. */
const podUnitUs = 75;

/**
 * The largest GSO unit of a pod on a tree of this rate. At 10 Gbit/s a whole 64 KiB unit takes 52 us
 * and there is nothing to do; at 1 Gbit/s it takes 524 us, and everybody else waits behind it. Not
 * below three segments: smaller ones cost more CPU than they save time.
 */
export function podGsoMaxBytes(egressCapacityBits: number, mtuBytes: number): number {
  const wanted = bytesIn(egressCapacityBits, podUnitUs);
  return Math.min(largestUnitBytes, Math.max(wanted, 3 * mtuBytes));
}

export interface RateShape {
  rateBytes: number;
  ceilBytes: number;
  burstBytes: number;
  burstTicks: number;
  cburstBytes: number;
  cburstTicks: number;
  quantumBytes: number;
  prio: number;
}

export interface LeafShape extends RateShape {
  queueLimitBytes: number;
}

/** Time that a class may fall behind and catch up in: late timers cost no rate up to this. */
const burstUs = 5_000;
/** Time that an ordinary leaf may queue. */
const queueUs = 10_000;

/**
 * HTB never withholds a packet for its deficit, so with a quantum below the largest unit the
 * round robin is by packets, not by bytes. Equal for all: spare rate is shared equally.
 */
const quantumBytes = largestUnitBytes;

/** The first segment always fits: a burst below one unit would leave the class in debt for each packet. */
function shape(rateBits: number, ceilBits: number, burst: number, prio: number): RateShape {
  const rate = rateBytes(rateBits);
  const ceil = rateBytes(ceilBits);
  return {
    rateBytes: rate,
    ceilBytes: ceil,
    burstBytes: burst,
    burstTicks: burstTicks(burst, rate),
    cburstBytes: burst,
    cburstTicks: burstTicks(burst, ceil),
    quantumBytes,
    prio,
  };
}

/**
 * HTB's own root stands above the tree's rate: the TBF is what keeps the sum, because HTB lets every
 * leaf that has tokens send whatever its parent's state, and the bursts of many leaves add up.
 */
export function rootRateBits(capacityBits: number): number {
  return 2 * capacityBits;
}

export function rootShape(capacityBits: number): RateShape {
  const bits = rootRateBits(capacityBits);
  return shape(bits, bits, Math.max(2 * largestUnitBytes, bytesIn(bits, burstUs)), 0);
}

/** Above one largest unit, or the TBF segments what it lets through in one piece otherwise. */
const tbfSlackBytes = 2 * (1500 + ethernetHeaderBytes);
/** At high rates a late timer must not cost throughput. */
const tbfBurstUs = 200;

export interface TbfShape {
  rateBytes: number;
  burstBytes: number;
  burstTicks: number;
  limitBytes: number;
}

export function tbfShape(capacityBits: number): TbfShape {
  const rate = rateBytes(capacityBits);
  const burst = Math.max(largestUnitBytes + tbfSlackBytes, bytesIn(capacityBits, tbfBurstUs));
  // The limit is that of the queue which HTB replaces; tc asks for one.
  return {
    rateBytes: rate,
    burstBytes: burst,
    burstTicks: burstTicks(burst, rate),
    limitBytes: 2 * burst,
  };
}

export const priority = { latency: 0, others: 1 } as const;

/**
 * A pod's leaf in one tree. `unitBytes`: the largest unit that this pod's packets come in there: its
 * own GSO size on egress, what GRO merged on ingress. With a latency target and a guarantee in this
 * direction the leaf goes first (prio 0).
 */
export function leafShape(
  promise: PodPromise,
  direction: Direction,
  capacityBits: number,
  podGsoBytes: number,
): LeafShape {
  const { guaranteeBits, limitBits, burstBytes }: DirectionPromise = promise[direction];
  const unitBytes = direction === "egress" ? podGsoBytes : largestUnitBytes;
  const rateBits = Math.max(guaranteeBits, floorBits);
  const ceilBits = Math.max(limitBits ?? rootRateBits(capacityBits), rateBits);
  const targetUs = guaranteeBits > 0 ? promise.latencyTargetUs : null;
  const pace = limitBits ?? Math.max(guaranteeBits, capacityBits);
  const burst = burstBytes ?? bytesIn(pace, Math.min(targetUs ?? burstUs, burstUs));
  const queue = bytesIn(
    targetUs === null ? Math.min(pace, capacityBits) : guaranteeBits,
    targetUs ?? queueUs,
  );
  return {
    ...shape(
      rateBits,
      ceilBits,
      Math.max(burst, unitBytes),
      targetUs === null ? priority.others : priority.latency,
    ),
    // HTB does not segment: a unit that exceeds the limit would be dropped for ever.
    queueLimitBytes: Math.max(queue, 2 * unitBytes),
  };
}

/** The host's own class on the egress tree. */
export function hostShape(trees: TreeSettings, hostBits: number): LeafShape {
  const capacityBits = trees.egressCapacityBits;
  return {
    ...shape(
      hostBits,
      rootRateBits(capacityBits),
      Math.max(largestUnitBytes, bytesIn(hostBits, burstUs)),
      priority.others,
    ),
    queueLimitBytes: Math.max(2 * largestUnitBytes, bytesIn(capacityBits, queueUs)),
  };
}
