/**
 * The queue below a leaf: the kinds that there are, and the numbers that each is given.
 * Why these kinds and numbers: docs/engineering/decisions/0006-leaf-queues.md.
 */
import type { LeafKind } from "./node.ts";
import { type LeafShape, priority } from "./shape.ts";
import type { QdiscSpec } from "./state.ts";
import { rateBytes, sameCodelTime } from "./units.ts";

/** Best first. The last is part of the packet scheduler itself (net/sched/sch_fifo.c): it is always there. */
export const leafKinds = ["fq_codel", "bfifo"] as const satisfies LeafKind[];
export const plainKind = "bfifo" satisfies LeafKind;

export type FqCodel = Extract<QdiscSpec, { type: "fq_codel" }>;

/** RFC 8289, 4.3 and 4.4: an interval for round trips up to 100 ms, with a target of 5 ms. */
const codelTargetUs = 5_000;
const codelIntervalUs = 100_000;

/** Flows that are told apart: the kernel's default. 64 bytes each, for every leaf. */
const flows = 1024;
/** What a flow sends in its turn: a frame. Its debt is kept, so a larger unit waits its turns (unlike in HTB). */
const quantumBytes = 1514;
/** The kernel's defaults. The bound that counts is the memory's. */
const limitPackets = 10_240;
const dropBatchPackets = 64;
/** fq_codel_change() takes no more. */
const largestMemoryBytes = 2 ** 31;
/**
 * fq_codel counts a packet with the memory that holds it (skb->truesize), which is one to four times
 * its length: with a limit of four times the length it never holds less than the fifo would.
 */
const memoryPerByte = 4;

/** The rate that a leaf's queue is sized for: the guarantee under a latency target, else what it may have at the most. */
function drainBytes({ rateBytes: rate, ceilBytes, prio }: LeafShape, capacityBits: number): number {
  return prio === priority.latency ? rate : Math.min(ceilBytes, rateBytes(capacityBits));
}

/**
 * CoDel's target is half the time that the fifo would hold: 5 ms (its usual one) of 10, half of a
 * latency target, and not less than the largest unit takes, since that is held up in one piece. The
 * interval grows with the target, as a minimum over less than a target says nothing.
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
export function leafQueue(kind: LeafKind, shape: LeafShape, capacityBits: number): QdiscSpec {
  switch (kind) {
    case "fq_codel":
      return fqCodel(shape, capacityBits);
    case "bfifo":
      return { type: "bfifo", limitBytes: shape.queueLimitBytes };
  }
}

/** As tc takes it. The number of flows is given at the making only: the kernel refuses it afterwards, even the same. */
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

/** In words; empty: the same. */
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

/** The kernel takes neither another number of flows, nor a threshold's absence, from `tc qdisc change`. */
export function madeAnew(want: QdiscSpec, have: QdiscSpec): boolean {
  if (want.type !== "fq_codel" || have.type !== "fq_codel") return false;
  return (
    want.flows !== have.flows || (want.ceThresholdUs === null) !== (have.ceThresholdUs === null)
  );
}
