/** Qdiscs and classes as the kernel has them, in the kernel's units. */
import type { Counters } from "../../plan/counters.ts";
import type { FqCodel } from "../../plan/leaf-queue.ts";
import { noHandle } from "../../plan/root.ts";
import { Attributes, type Message, viewOf } from "../netlink/codec.ts";
import { ifThere, NetlinkError } from "../netlink/refusal.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import {
  tcFifoQopt,
  tcHtbGlob,
  tcHtbOptRest,
  tcmsg,
  tcRatespec,
  tcTbfQoptRest,
} from "../netlink/structs.ts";
import { RTM, TC_H_ROOT, TCA, TCA_HTB, TCA_STATS, TCA_TBF } from "../netlink/tables.ts";
import { fqCodelOf } from "./fq-codel.ts";

interface Placed {
  ifindex: number;
  kind: string;
  /** The handle as tc writes it: "fa01:10", "fa01:". */
  handle: string;
  /** The parent is "root" or a class. */
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

const hex = (n: number): string => n.toString(16);
export const handleText = (n: number): string =>
  (n & 0xffff) === 0 ? `${hex(n >>> 16)}:` : `${hex(n >>> 16)}:${hex(n & 0xffff)}`;

export function handleNumber(text: string): number {
  const [major = "", minor = ""] = text.split(":");
  return Number.parseInt(major || "0", 16) * 0x10000 + Number.parseInt(minor || "0", 16);
}

export const request = (ifindex: number, handle = 0, parent = 0): Uint8Array =>
  tcmsg.encode({ ifindex, handle, parent });

function placed(body: Uint8Array, attributes: Attributes): Placed {
  const { ifindex, handle, parent } = tcmsg.decode(body);
  const stats = attributes.nested(TCA.STATS2);
  const basic = stats?.bytes(TCA_STATS.BASIC);
  const queue = stats?.bytes(TCA_STATS.QUEUE);
  const word = (bytes: Uint8Array | undefined, at: number): number =>
    bytes === undefined ? 0 : viewOf(bytes).getUint32(at, true);
  return {
    ifindex,
    kind: attributes.text(TCA.KIND) ?? "",
    handle: handleText(handle),
    parent: parent === TC_H_ROOT ? "root" : handleText(parent),
    counters: {
      // struct gnet_stats_basic: bytes, packets; struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits
      bytes: basic === undefined ? 0 : Number(viewOf(basic).getBigUint64(0, true)),
      // The kernel adds an attribute of 64 bits where 32 bits are not enough.
      packets: stats?.u64(TCA_STATS.PKT64) ?? word(basic, 8),
      backlogPackets: word(queue, 0),
      backlogBytes: word(queue, 4),
      drops: word(queue, 8),
    },
  };
}

function qdiscOf({ body }: Message): QdiscEntry {
  const attributes = new Attributes(body, tcmsg.bytes);
  const entry: QdiscEntry = placed(body, attributes);
  const raw = attributes.bytes(TCA.OPTIONS);
  if (raw === undefined) return entry;
  if (entry.kind === "tbf") {
    const options = new Attributes(raw);
    const parms = options.bytes(TCA_TBF.PARMS);
    if (parms !== undefined) {
      const { limit, buffer } = tcTbfQoptRest.decode(parms, 2 * tcRatespec.bytes);
      entry.tbf = {
        rateBytes: options.u64(TCA_TBF.RATE64) ?? tcRatespec.decode(parms).rate,
        limitBytes: limit,
        burstTicks: buffer,
      };
    }
  } else if (entry.kind === "htb") {
    const init = new Attributes(raw).bytes(TCA_HTB.INIT);
    if (init !== undefined) entry.htb = { defaultMinor: tcHtbGlob.decode(init).defcls };
  } else if (entry.kind === "bfifo" || entry.kind === "pfifo") {
    entry.fifo = { limit: tcFifoQopt.decode(raw).limit };
  } else if (entry.kind === "fq_codel") {
    entry.fqCodel = fqCodelOf(new Attributes(raw));
  }
  return entry;
}

function classOf({ body }: Message): ClassEntry {
  const attributes = new Attributes(body, tcmsg.bytes);
  const entry: ClassEntry = placed(body, attributes);
  const options = entry.kind === "htb" ? attributes.nested(TCA.OPTIONS) : undefined;
  const parms = options?.bytes(TCA_HTB.PARMS);
  if (options !== undefined && parms !== undefined) {
    const ceil = tcRatespec.decode(parms, tcRatespec.bytes);
    const rest = tcHtbOptRest.decode(parms, 2 * tcRatespec.bytes);
    entry.htb = {
      rateBytes: options.u64(TCA_HTB.RATE64) ?? tcRatespec.decode(parms).rate,
      ceilBytes: options.u64(TCA_HTB.CEIL64) ?? ceil.rate,
      burstTicks: rest.buffer,
      cburstTicks: rest.cbuffer,
      quantumBytes: rest.quantum,
      prio: rest.prio,
    };
  }
  return entry;
}

/** The kernel has no filter by device here, so this reads the qdiscs of all devices. */
export function allQdiscs(socket: NetlinkSocket): QdiscEntry[] {
  return socket.dump(RTM.GETQDISC, request(0)).map(qdiscOf);
}

/** null means that there is no qdisc in that place, or one that the kernel tells nobody about. */
export function qdiscAt(socket: NetlinkSocket, ifindex: number, parent: string): QdiscEntry | null {
  const place = parent === "root" ? TC_H_ROOT : handleNumber(parent);
  try {
    // A qdisc that dumps leave out is acknowledged without an answer, or refused as invalid
    // (tc_qdisc_dump_ignore, net/sched/sch_api.c).
    const message = socket.getIfTold(RTM.GETQDISC, request(ifindex, 0, place));
    const entry = message === null ? null : qdiscOf(message);
    // When a qdisc was removed from a class, HTB has one of its own in that place, which is in no list
    // (htb_graft).
    return parent !== "root" && entry?.handle === noHandle ? null : entry;
  } catch (error) {
    if (error instanceof NetlinkError && (error.absent || error.isInvalid)) return null;
    throw error;
  }
}

export function classesOf(socket: NetlinkSocket, ifindex: number): ClassEntry[] {
  return socket.dump(RTM.GETTCLASS, request(ifindex)).map(classOf);
}

/** null means that there is no class of that id. */
export function classNumbered(
  socket: NetlinkSocket,
  ifindex: number,
  classid: string,
): ClassEntry | null {
  return ifThere(() => classOf(socket.get(RTM.GETTCLASS, request(ifindex, handleNumber(classid)))));
}

/** Whether somebody has attached a filter to a qdisc. */
export function hasFilters(socket: NetlinkSocket, ifindex: number, handle: string): boolean {
  return socket.dump(RTM.GETTFILTER, request(ifindex, 0, handleNumber(handle))).length > 0;
}
