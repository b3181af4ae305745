/** Qdiscs and classes, as the kernel has them, in the kernel's units. */
import type { FqCodel } from "../../plan/leaf-queue.ts";
import { Attributes, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/socket.ts";
import { RTM, TC_H_ROOT, TCA, TCA_HTB, TCA_STATS, TCA_TBF } from "../netlink/tables.ts";
import { fqCodelOf } from "./fq-codel.ts";

/** What a queue or class has counted since it was made. */
export interface Counters {
  bytes: number;
  packets: number;
  drops: number;
  backlogBytes: number;
  backlogPackets: number;
}

interface Placed {
  ifindex: number;
  kind: string;
  /** As tc writes it: "fa01:10", "fa01:". */
  handle: string;
  /** "root" or a class. */
  parent: string;
  counters: Counters;
}

export type QdiscEntry = Placed & {
  tbf?: { rateBytes: number; burstTicks: number; limitBytes: number };
  htb?: { defaultMinor: number };
  fifo?: { limit: number };
  fqCodel?: FqCodel;
};

export type ClassEntry = Placed & {
  htb?: {
    rateBytes: number;
    ceilBytes: number;
    burstTicks: number;
    cburstTicks: number;
    quantumBytes: number;
    prio: number;
  };
};

/** struct tcmsg: family, pads, ifindex, handle, parent, info. */
export const tcHeaderBytes = 20;

const hex = (n: number): string => n.toString(16);
const handleText = (n: number): string =>
  (n & 0xffff) === 0 ? `${hex(n >>> 16)}:` : `${hex(n >>> 16)}:${hex(n & 0xffff)}`;

export function handleNumber(text: string): number {
  const [major = "", minor = ""] = text.split(":");
  return Number.parseInt(major || "0", 16) * 0x10000 + Number.parseInt(minor || "0", 16);
}

export function request(ifindex: number, handle = 0, parent = 0): Uint8Array {
  const body = new Uint8Array(tcHeaderBytes);
  const view = viewOf(body);
  view.setInt32(4, ifindex, true);
  view.setUint32(8, handle, true);
  view.setUint32(12, parent, true);
  return body;
}

function placed(body: Uint8Array, attributes: Attributes): Placed {
  const view = viewOf(body);
  const parent = view.getUint32(12, true);
  const stats = attributes.nested(TCA.STATS2);
  const basic = stats?.bytes(TCA_STATS.BASIC);
  const queue = stats?.bytes(TCA_STATS.QUEUE);
  const word = (bytes: Uint8Array | undefined, at: number): number =>
    bytes === undefined ? 0 : viewOf(bytes).getUint32(at, true);
  return {
    ifindex: view.getInt32(4, true),
    kind: attributes.text(TCA.KIND) ?? "",
    handle: handleText(view.getUint32(8, true)),
    parent: parent === TC_H_ROOT ? "root" : handleText(parent),
    counters: {
      // struct gnet_stats_basic: bytes, packets; struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits
      bytes: basic === undefined ? 0 : Number(viewOf(basic).getBigUint64(0, true)),
      // Where 32 bits do not hold them the kernel adds 64.
      packets: stats?.u64(TCA_STATS.PKT64) ?? word(basic, 8),
      backlogPackets: word(queue, 0),
      backlogBytes: word(queue, 4),
      drops: word(queue, 8),
    },
  };
}

/** struct tc_ratespec is 12 bytes; its rate, in bytes per second, the last four. */
const rateAt = 8;
const ratespecBytes = 12;

function qdiscOf({ body }: Message): QdiscEntry {
  const attributes = new Attributes(body, tcHeaderBytes);
  const entry: QdiscEntry = placed(body, attributes);
  const raw = attributes.bytes(TCA.OPTIONS);
  if (raw === undefined) return entry;
  if (entry.kind === "tbf") {
    const options = new Attributes(raw);
    const parms = options.bytes(TCA_TBF.PARMS);
    if (parms !== undefined) {
      // struct tc_tbf_qopt: rate, peakrate, limit, buffer, mtu
      const view = viewOf(parms);
      entry.tbf = {
        rateBytes: options.u64(TCA_TBF.RATE64) ?? view.getUint32(rateAt, true),
        limitBytes: view.getUint32(2 * ratespecBytes, true),
        burstTicks: view.getUint32(2 * ratespecBytes + 4, true),
      };
    }
  } else if (entry.kind === "htb") {
    // struct tc_htb_glob: version, rate2quantum, defcls, debug, direct_pkts
    const init = new Attributes(raw).bytes(TCA_HTB.INIT);
    if (init !== undefined) entry.htb = { defaultMinor: viewOf(init).getUint32(8, true) };
  } else if (entry.kind === "bfifo" || entry.kind === "pfifo") {
    entry.fifo = { limit: viewOf(raw).getUint32(0, true) };
  } else if (entry.kind === "fq_codel") {
    entry.fqCodel = fqCodelOf(new Attributes(raw));
  }
  return entry;
}

function classOf({ body }: Message): ClassEntry {
  const attributes = new Attributes(body, tcHeaderBytes);
  const entry: ClassEntry = placed(body, attributes);
  const options = entry.kind === "htb" ? attributes.nested(TCA.OPTIONS) : undefined;
  const parms = options?.bytes(TCA_HTB.PARMS);
  if (options !== undefined && parms !== undefined) {
    // struct tc_htb_opt: rate, ceil, buffer, cbuffer, quantum, level, prio
    const view = viewOf(parms);
    const after = 2 * ratespecBytes;
    entry.htb = {
      rateBytes: options.u64(TCA_HTB.RATE64) ?? view.getUint32(rateAt, true),
      ceilBytes: options.u64(TCA_HTB.CEIL64) ?? view.getUint32(ratespecBytes + rateAt, true),
      burstTicks: view.getUint32(after, true),
      cburstTicks: view.getUint32(after + 4, true),
      quantumBytes: view.getUint32(after + 8, true),
      prio: view.getUint32(after + 16, true),
    };
  }
  return entry;
}

/** The kernel has no filter by device here, so this is all of them. */
export function allQdiscs(socket: NetlinkSocket): QdiscEntry[] {
  return socket.dump(RTM.GETQDISC, request(0)).map(qdiscOf);
}

export function classesOf(socket: NetlinkSocket, ifindex: number): ClassEntry[] {
  return socket.dump(RTM.GETTCLASS, request(ifindex)).map(classOf);
}

/** null: there is none of that id. */
export function classNumbered(
  socket: NetlinkSocket,
  ifindex: number,
  classid: string,
): ClassEntry | null {
  try {
    return classOf(socket.get(RTM.GETTCLASS, request(ifindex, handleNumber(classid))));
  } catch (error) {
    if (error instanceof NetlinkError && error.absent) return null;
    throw error;
  }
}

/** Whether somebody has hung a filter on a qdisc. */
export function hasFilters(socket: NetlinkSocket, ifindex: number, handle: string): boolean {
  return socket.dump(RTM.GETTFILTER, request(ifindex, 0, handleNumber(handle))).length > 0;
}
