/** This turns promises into the numbers that the kernel is given: bursts, quanta, queue lengths. */
import type { Direction, DirectionPromise, PodPromise, TreeSettings } from "./node.ts";
import { burstTicks, bytesIn, largestBurstBytes, largestSizeBytes, rateBytes } from "./units.ts";

/** A best-effort leaf's rate. Fair sharing comes from the quantum, so this only has to be more than nothing. */
export const floorBits = 8_000;

/**
 * GSO_LEGACY_MAX_SIZE (include/linux/netdevice.h): the largest unit of the host's own TCP, and the size that
 * GRO merges up to.
 */
const largestUnitBytes = 65_536;

/** The Ethernet header, which HTB and TBF count. */
const ethernetHeaderBytes = 14;

/** An IP packet of the usual size, with and without its Ethernet header. */
const usualPacketBytes = 1_500;
const usualFrameBytes = usualPacketBytes + ethernetHeaderBytes;

/**
 * A pod's segment may occupy a tree for this long. A packet with a latency target waits at most this long,
 * apart from the waiting in its own class.
 */
const podUnitUs = 40;

/**
 * The largest GSO unit of a pod on a tree of this rate. At 1 Gbit/s a whole 64 KiB unit takes 524 us, and
 * everybody else waits behind it. The unit is not below three segments: smaller ones cost more CPU than they
 * save time.
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

/**
 * A class may fall behind by this time and catch up again, so timers that are late by up to this time cost no
 * rate.
 */
const burstUs = 5_000;
/** A packet may wait in the queue of an ordinary leaf for this time. */
const queueUs = 10_000;

/**
 * HTB never withholds a packet because of its deficit, so with a quantum below the largest unit the round
 * robin would go by packets, not by bytes. The quantum is equal for all, so that spare rate is shared
 * equally.
 */
const quantumBytes = largestUnitBytes;

interface Rates {
  rateBits: number;
  ceilBits: number;
  /**
   * What may be sent ahead of the rate, and of the ceiling. Each has its own burst, because the burst of a
   * high ceiling takes minutes at a low rate.
   */
  burstBytes: number;
  cburstBytes: number;
  prio: number;
}

/**
 * Bursts are at least one unit, or the class would be in debt after each packet, but not longer than can be
 * written down. Below 2 kbit/s that is less than a unit of 64 KiB.
 */
function shape({ rateBits, ceilBits, burstBytes, cburstBytes, prio }: Rates): RateShape {
  const rate = rateBytes(rateBits);
  const ceil = rateBytes(ceilBits);
  const burst = Math.min(burstBytes, largestBurstBytes(rate));
  const cburst = Math.min(cburstBytes, largestBurstBytes(ceil));
  return {
    rateBytes: rate,
    ceilBytes: ceil,
    burstBytes: burst,
    burstTicks: burstTicks(burst, rate),
    cburstBytes: cburst,
    cburstTicks: burstTicks(cburst, ceil),
    quantumBytes,
    prio,
  };
}

/**
 * The ceiling of a leaf without a limit. It is above any rate of the tree, so only the root holds the leaf
 * back.
 */
function openCeilBits(capacityBits: number): number {
  return 2 * capacityBits;
}

/**
 * The time that the root makes up for when a timer was late. At high rates a late timer must not cost
 * throughput.
 */
const rootBurstUs = 100;

const rootBurstBytes = (capacityBits: number): number =>
  Math.max(usualFrameBytes, bytesIn(capacityBits, rootBurstUs));

/**
 * HTB's own root holds those that borrow to the tree's rate, so that each packet that waits, waits in its own
 * leaf. A leaf that has tokens of its own passes the root, whatever the root owes. In this way bursts of many
 * leaves may pass at once; the TBF above spreads them over time.
 */
export function rootShape(capacityBits: number): RateShape {
  const burst = rootBurstBytes(capacityBits);
  return shape({
    rateBits: capacityBits,
    ceilBits: capacityBits,
    burstBytes: burst,
    cburstBytes: burst,
    prio: 0,
  });
}

/**
 * What the TBF's burst has above one largest unit. Without it the TBF would segment units that otherwise pass
 * in one piece.
 */
const tbfSlackBytes = 2 * usualFrameBytes;

export interface TbfShape {
  rateBytes: number;
  burstBytes: number;
  burstTicks: number;
  limitBytes: number;
}

/** The largest unit that anybody puts into the egress tree. */
export function egressUnitBytes(trees: TreeSettings, mtuBytes: number): number {
  return Math.max(trees.hostGsoMaxBytes, podGsoMaxBytes(trees.egressCapacityBits, mtuBytes));
}

/**
 * The largest unit that comes into the ingress tree, because GRO merges up to that size
 * (GRO_LEGACY_MAX_SIZE).
 */
export const ingressUnitBytes = largestUnitBytes;

export function tbfShape(capacityBits: number, unitBytes: number): TbfShape {
  const rate = rateBytes(capacityBits);
  // What the root lets borrowers send at once, which is its burst and the last unit whole, passes unhindered.
  const wanted = unitBytes + Math.max(tbfSlackBytes, rootBurstBytes(capacityBits));
  const burst = Math.min(wanted, largestBurstBytes(rate));
  // The limit belongs to the queue that HTB replaces. It is set only because tc asks for one.
  return {
    rateBytes: rate,
    burstBytes: burst,
    burstTicks: burstTicks(burst, rate),
    limitBytes: Math.min(2 * burst, largestSizeBytes),
  };
}

export const priority = { latency: 0, others: 1 } as const;

/** The largest burst ahead of a limit. A larger one is refused where it is asked for (promise/burst.ts). */
export function largestBurstAtLimit(limitBits: number): number {
  return largestBurstBytes(rateBytes(limitBits));
}

/**
 * A pod's leaf in one tree. `unitBytes` is the largest unit of this pod's packets there: its own GSO size on
 * egress, what GRO merged on ingress. With a latency target and a guarantee in this direction the leaf goes
 * first (prio 0). A burst that was asked for is what the pod may send ahead of its limit. Ahead of its
 * guarantee it has as much of that burst as can be written down, and it borrows the rest.
 */
export function leafShape(
  promise: PodPromise,
  direction: Direction,
  capacityBits: number,
  podGsoBytes: number,
): LeafShape {
  const { guaranteeBits, limitBits, burstBytes }: DirectionPromise = promise[direction];
  if (limitBits !== null && (burstBytes ?? 0) > largestBurstAtLimit(limitBits))
    throw new RangeError(`a burst of ${burstBytes} bytes at ${limitBits} bit/s`);
  const unitBytes = direction === "egress" ? podGsoBytes : largestUnitBytes;
  // Without a limit the ceiling is above the tree's rate and holds nobody back.
  const ceilBits = limitBits ?? Math.max(openCeilBits(capacityBits), guaranteeBits, floorBits);
  // A limit below the floor still counts as a limit.
  const rateBits = Math.min(Math.max(guaranteeBits, floorBits), ceilBits);
  const targetUs = guaranteeBits > 0 ? promise.latencyTargetUs : null;
  const pace = limitBits ?? Math.max(guaranteeBits, capacityBits);
  const aheadUs = Math.min(targetUs ?? burstUs, burstUs);
  const queue = bytesIn(
    targetUs === null ? Math.min(pace, capacityBits) : guaranteeBits,
    targetUs ?? queueUs,
  );
  return {
    ...shape({
      rateBits,
      ceilBits,
      burstBytes: Math.max(burstBytes ?? bytesIn(rateBits, aheadUs), unitBytes),
      cburstBytes: Math.max(burstBytes ?? bytesIn(pace, aheadUs), unitBytes),
      prio: targetUs === null ? priority.others : priority.latency,
    }),
    // HTB does not segment, so a unit that is larger than the limit would be dropped every time. A queue
    // shorter than the target meets the target all the same.
    queueLimitBytes: Math.min(Math.max(queue, 2 * unitBytes), largestSizeBytes),
  };
}

/**
 * nft_limit computes nanoseconds x (rate + burst) in 64 bits and refuses what does not fit (nft_limit_init,
 * net/netfilter/nft_limit.c). The most that fits is about 147 Gbit/s.
 */
const largestPoliceBytes = Math.floor(2 ** 64 / 1e9);

/**
 * The least that nftables counts of each TCP frame: GRO hands over what came in many frames as one packet
 * with one header. IPv6 and TCP with its time stamps take 72 bytes of 1500.
 */
const countedBytes = usualPacketBytes - 72;

/**
 * The host's ingress, converted from bits per second of Ethernet frames to what nftables counts. null means
 * that it is too much for nftables. Merged or not, no more frames come through than these bits, so what pods
 * are promised stays free.
 */
export function hostPoliceShape(
  bits: number,
): { bytesPerSecond: number; burstBytes: number } | null {
  const frames = rateBytes(bits);
  const bytesPerSecond = Math.floor((frames * countedBytes) / usualFrameBytes);
  // GRO hands over units that must pass whole.
  const burstBytes = Math.max(4 * largestUnitBytes, bytesIn(bits, burstUs));
  return bytesPerSecond + burstBytes > largestPoliceBytes ? null : { bytesPerSecond, burstBytes };
}

/** The host's own class on the egress tree. */
export function hostShape(trees: TreeSettings, hostBits: number): LeafShape {
  const capacityBits = trees.egressCapacityBits;
  const burst = Math.max(largestUnitBytes, bytesIn(hostBits, burstUs));
  const queue = Math.max(2 * largestUnitBytes, bytesIn(capacityBits, queueUs));
  return {
    ...shape({
      rateBits: hostBits,
      ceilBits: openCeilBits(capacityBits),
      burstBytes: burst,
      cburstBytes: burst,
      prio: priority.others,
    }),
    queueLimitBytes: Math.min(queue, largestSizeBytes),
  };
}
