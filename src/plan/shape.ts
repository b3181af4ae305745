/**
 * From promises to the numbers that the kernel is given: bursts, quanta, queue lengths.
 */
import type { Direction, DirectionPromise, PodPromise, TreeSettings } from "./node.ts";
import { burstTicks, bytesIn, largestBurstBytes, largestSizeBytes, rateBytes } from "./units.ts";

/** A best-effort leaf's rate. Fair sharing comes from the quantum, so this only has to be more than nothing. */
export const floorBits = 8_000;

/** GSO_LEGACY_MAX_SIZE (include/linux/netdevice.h): the largest unit of the host's own TCP, and what GRO merges up to. */
const largestUnitBytes = 65_536;

/** Ethernet header; HTB and TBF count it. */
const ethernetHeaderBytes = 14;

/** An IP packet of the usual size, with and without its Ethernet header. */
const usualPacketBytes = 1_500;
const usualFrameBytes = usualPacketBytes + ethernetHeaderBytes;

/** A pod's segment may hold a tree for this long: what a packet with a latency target waits for at the most, beside its own class. */
const podUnitUs = 40;

/**
 * The largest GSO unit of a pod on a tree of this rate. At 1 Gbit/s a whole 64 KiB unit takes 524 us,
 * and everybody else waits behind it. Not below three segments: smaller ones cost more CPU than
 * they save time.
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

interface Rates {
  rateBits: number;
  ceilBits: number;
  /** What may be sent ahead of the rate, and of the ceiling. Each has its own: a high ceiling's burst takes minutes at a low rate. */
  burstBytes: number;
  cburstBytes: number;
  prio: number;
}

/**
 * Bursts are at least one unit, or the class would be in debt for each packet; but not longer than
 * can be written down. Below 2 kbit/s that is less than a unit of 64 KiB.
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
 * Above any rate of the tree's: the ceiling of a leaf without a limit. It is the root that holds it back.
 */
function openCeilBits(capacityBits: number): number {
  return 2 * capacityBits;
}

/** What the root makes up for when a timer was late: at high rates that must not cost throughput. */
const rootBurstUs = 100;

const rootBurstBytes = (capacityBits: number): number =>
  Math.max(usualFrameBytes, bytesIn(capacityBits, rootBurstUs));

/**
 * HTB's own root holds the tree's rate against those that borrow, so that what waits, waits in its
 * own leaf: a leaf that has tokens of its own passes it, whatever the root owes. What that lets
 * through at once in bursts of many leaves, the TBF above it spreads over time.
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

/** Above one largest unit, or the TBF segments what it lets through in one piece otherwise. */
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

/** The largest that comes into the ingress tree: GRO merges up to it (GRO_LEGACY_MAX_SIZE). */
export const ingressUnitBytes = largestUnitBytes;

export function tbfShape(capacityBits: number, unitBytes: number): TbfShape {
  const rate = rateBytes(capacityBits);
  // What the root lets borrowers send at once, its burst and the last unit whole, passes unhindered.
  const wanted = unitBytes + Math.max(tbfSlackBytes, rootBurstBytes(capacityBits));
  const burst = Math.min(wanted, largestBurstBytes(rate));
  // The limit is that of the queue which HTB replaces; tc asks for one.
  return {
    rateBytes: rate,
    burstBytes: burst,
    burstTicks: burstTicks(burst, rate),
    limitBytes: Math.min(2 * burst, largestSizeBytes),
  };
}

export const priority = { latency: 0, others: 1 } as const;

/** The largest burst that can be had ahead of a limit: a larger one is refused where it is asked for (config/burst). */
export function largestBurstAtLimit(limitBits: number): number {
  return largestBurstBytes(rateBytes(limitBits));
}

/**
 * A pod's leaf in one tree. `unitBytes`: the largest unit that this pod's packets come in there: its
 * own GSO size on egress, what GRO merged on ingress. With a latency target and a guarantee in this
 * direction the leaf goes first (prio 0). A burst that was asked for is what the pod may send ahead of
 * its limit; ahead of its guarantee it has as much of it as can be written down, and borrows the rest.
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
  // Without a limit the ceiling is above the tree's rate, and holds nobody back.
  const ceilBits = limitBits ?? Math.max(openCeilBits(capacityBits), guaranteeBits, floorBits);
  // A limit below the floor is a limit all the same.
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
    // HTB does not segment: a unit that exceeds the limit would be dropped for ever. A queue shorter
    // than the target keeps the target all the same.
    queueLimitBytes: Math.min(Math.max(queue, 2 * unitBytes), largestSizeBytes),
  };
}

/**
 * nft_limit computes nanoseconds x (rate + burst) in 64 bits and refuses what does not fit
 * (nft_limit_init, net/netfilter/nft_limit.c): about 147 Gbit/s.
 */
const largestPoliceBytes = Math.floor(2 ** 64 / 1e9);

/**
 * Of each frame of TCP's, what nftables counts at the least: GRO hands over what came in many frames as
 * one packet with one header. IPv6 and TCP with its time stamps take 72 bytes of 1500.
 */
const countedBytes = usualPacketBytes - 72;

/**
 * The host's ingress, from bits per second of Ethernet frames to what nftables counts; null: too much
 * for it. Merged or not, no more frames come through than these bits: what pods are promised stays free.
 */
export function hostPoliceShape(
  bits: number,
): { bytesPerSecond: number; burstBytes: number } | null {
  const frames = rateBytes(bits);
  const bytesPerSecond = Math.floor((frames * countedBytes) / usualFrameBytes);
  // GRO hands units over that must pass whole.
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
