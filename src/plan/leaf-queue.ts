/**
 * The queue below a leaf: which kinds exist, and which numbers each is given. The reasons are in
 * docs/engineering/decisions/0006-leaf-queues.md.
 */
import type { LeafKind } from "./node.ts";
import { type LeafShape, priority } from "./shape.ts";
import { rateBytes, sameCodelTime } from "./units.ts";

/**
 * The best kind comes first. The last is part of the packet scheduler itself (net/sched/sch_fifo.c), so it is
 * always there.
 */
export const leafKinds = ["fq_codel", "bfifo"] as const satisfies LeafKind[];
export const plainKind = "bfifo" satisfies LeafKind;

export interface FqCodel {
  type: "fq_codel";
  targetUs: number;
  intervalUs: number;
  limitPackets: number;
  memoryLimitBytes: number;
  flows: number;
  quantumBytes: number;
  dropBatchPackets: number;
  ecn: boolean;
  /** null means that there is no threshold above which every packet is marked. */
  ceThresholdUs: number | null;
}

export type LeafSpec = FqCodel | { type: "bfifo"; limitBytes: number };

/** RFC 8289, 4.3 and 4.4 give an interval for round trips up to 100 ms, with a target of 5 ms. */
const codelTargetUs = 5_000;
const codelIntervalUs = 100_000;

/**
 * The number of flows that are distinguished. It is the kernel's default. Each takes 64 bytes, in every leaf.
 */
const flows = 1024;
/**
 * A flow sends one frame in its turn. If it sends more, the debt is kept, so a larger unit has to wait for
 * its turns (unlike in HTB).
 */
const quantumBytes = 1514;
/** These are the kernel's defaults. The limit that matters is the memory limit. */
const limitPackets = 10_240;
const dropBatchPackets = 64;
/** fq_codel_change() accepts no larger value. */
const largestMemoryBytes = 2 ** 31;
/**
 * fq_codel counts a packet with the memory that holds it (skb->truesize), which is one to four times the
 * packet's length. With a limit of four times the length it never holds less than the fifo would.
 */
const memoryPerByte = 4;

/**
 * The rate that a leaf's queue is sized for. With a latency target it is the guarantee, otherwise the most
 * that the leaf may have.
 */
function drainBytes({ rateBytes: rate, ceilBytes, prio }: LeafShape, capacityBits: number): number {
  return prio === priority.latency ? rate : Math.min(ceilBytes, rateBytes(capacityBits));
}

/**
 * CoDel's target is half the time that the fifo would hold: 5 ms (its usual target) of 10 ms, or half of a
 * latency target. fqCodel() rounds it up. The fifo holds at least two of the largest units, so the target is
 * not less than one unit takes, which is held up in one piece. The interval grows with the target, because a
 * minimum over less time than a target says nothing.
 */
function fqCodel(shape: LeafShape, capacityBits: number): FqCodel {
  const holdUs = Math.ceil((shape.queueLimitBytes * 1e6) / drainBytes(shape, capacityBits));
  const targetUs = Math.ceil(holdUs / 2);
  return {
    type: "fq_codel",
    targetUs,
    intervalUs: codelIntervalUs - codelTargetUs + targetUs,
    limitPackets,
    memoryLimitBytes: Math.min(largestMemoryBytes, memoryPerByte * shape.queueLimitBytes),
    flows,
    quantumBytes,
    dropBatchPackets,
    ecn: true,
    ceThresholdUs: null,
  };
}

/** The queue of a leaf in a tree of this rate. */
export function leafQueue(kind: LeafKind, shape: LeafShape, capacityBits: number): LeafSpec {
  switch (kind) {
    case "fq_codel":
      return fqCodel(shape, capacityBits);
    case "bfifo":
      return { type: "bfifo", limitBytes: shape.queueLimitBytes };
  }
}

/**
 * The settings as tc reads them. The number of flows is given only when the queue is made: afterwards the
 * kernel refuses it, even the same number.
 */
export function fqCodelSettings(spec: FqCodel, isNew: boolean): string {
  return [
    `fq_codel limit ${spec.limitPackets}`,
    ...(isNew ? [`flows ${spec.flows}`] : []),
    `target ${spec.targetUs}us interval ${spec.intervalUs}us quantum ${spec.quantumBytes}`,
    `memory_limit ${spec.memoryLimitBytes}b drop_batch ${spec.dropBatchPackets}`,
    ...(spec.ceThresholdUs === null ? [] : [`ce_threshold ${spec.ceThresholdUs}us`]),
    spec.ecn ? "ecn" : "noecn",
  ].join(" ");
}

/** The differences in words. The list is empty when the two are the same. */
export function fqCodelDifferences(want: FqCodel, have: FqCodel): string[] {
  const found: string[] = [];
  const note = (name: string, a: unknown, b: unknown, unit = "") => {
    if (a !== b) found.push(`${name} is ${b}${unit}, should be ${a}${unit}`);
  };
  const time = (name: string, a: number, b: number) => {
    if (!sameCodelTime(a, b)) note(name, a, b, " us");
  };
  time("target", want.targetUs, have.targetUs);
  time("interval", want.intervalUs, have.intervalUs);
  note("limit", want.limitPackets, have.limitPackets, " packets");
  note("memory limit", want.memoryLimitBytes, have.memoryLimitBytes, " bytes");
  note("flows", want.flows, have.flows);
  note("quantum", want.quantumBytes, have.quantumBytes, " bytes");
  note("drop batch", want.dropBatchPackets, have.dropBatchPackets, " packets");
  note("ecn", want.ecn, have.ecn);
  note("ce_threshold", want.ceThresholdUs ?? "none", have.ceThresholdUs ?? "none");
  return found;
}

/**
 * Whether the queue has to be made again: `tc qdisc change` can set neither another number of flows, nor
 * remove a threshold.
 */
export const madeAnew = (want: FqCodel, have: FqCodel): boolean =>
  want.flows !== have.flows || (want.ceThresholdUs === null) !== (have.ceThresholdUs === null);
