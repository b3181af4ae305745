/**
 * The fixed part at the beginning of a message or an attribute, by field. These are the kernel's own structs,
 * with their fields in order.
 */
import { viewOf } from "./codec.ts";

const widths = { u8: 1, u16: 2, i16: 2, u32: 4, i32: 4 } as const;
type Width = keyof typeof widths;

export interface Struct<Name extends string = string> {
  readonly bytes: number;
  /** A field that is not given is 0. */
  encode(values: Partial<Record<Name, number>>): Uint8Array;
  /** Throws RangeError where the bytes end before the struct does. */
  decode(bytes: Uint8Array, at?: number): Record<Name, number>;
}

const writers: Record<Width, (view: DataView, at: number, value: number) => void> = {
  u8: (view, at, value) => view.setUint8(at, value),
  u16: (view, at, value) => view.setUint16(at, value, true),
  i16: (view, at, value) => view.setInt16(at, value, true),
  u32: (view, at, value) => view.setUint32(at, value, true),
  i32: (view, at, value) => view.setInt32(at, value, true),
};

const readers: Record<Width, (view: DataView, at: number) => number> = {
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
};

/** Makes a struct of fields that have no gaps between them. */
function struct<Name extends string>(layout: Record<Name, Width>): Struct<Name> {
  let bytes = 0;
  for (const name in layout) bytes += widths[layout[name]];
  return {
    bytes,
    encode(values) {
      const out = new Uint8Array(bytes);
      const view = viewOf(out);
      let at = 0;
      for (const name in layout) {
        const width = layout[name];
        const value = values[name];
        if (value !== undefined) writers[width](view, at, value);
        at += widths[width];
      }
      return out;
    },
    decode(from, start = 0) {
      const view = viewOf(from);
      let at = start;
      const found = {} as Record<Name, number>;
      for (const name in layout) {
        const width = layout[name];
        found[name] = readers[width](view, at);
        at += widths[width];
      }
      return found;
    },
  };
}

/** struct ifinfomsg (include/uapi/linux/rtnetlink.h) */
export const ifinfomsg = struct({
  family: "u8",
  pad: "u8",
  type: "u16",
  index: "i32",
  flags: "u32",
  change: "u32",
});
/** struct ifaddrmsg (include/uapi/linux/if_addr.h) */
export const ifaddrmsg = struct({
  family: "u8",
  prefixLength: "u8",
  flags: "u8",
  scope: "u8",
  index: "u32",
});
/** struct rtmsg (include/uapi/linux/rtnetlink.h) */
export const rtmsg = struct({
  family: "u8",
  dstLength: "u8",
  srcLength: "u8",
  tos: "u8",
  table: "u8",
  protocol: "u8",
  scope: "u8",
  type: "u8",
  flags: "u32",
});
/** struct rtnexthop (include/uapi/linux/rtnetlink.h) */
export const rtnexthop = struct({ length: "u16", flags: "u8", hops: "u8", ifindex: "i32" });
/** struct ndmsg (include/uapi/linux/neighbour.h) */
export const ndmsg = struct({
  family: "u8",
  pad1: "u8",
  pad2: "u16",
  index: "i32",
  state: "u16",
  flags: "u8",
  type: "u8",
});
/** struct genlmsghdr (include/uapi/linux/genetlink.h) */
export const genlmsghdr = struct({ command: "u8", version: "u8", reserved: "u16" });
/** struct nhmsg (include/uapi/linux/nexthop.h) */
export const nhmsg = struct({
  family: "u8",
  scope: "u8",
  protocol: "u8",
  pad: "u8",
  flags: "u32",
});
/** struct fib_rule_hdr (include/uapi/linux/fib_rules.h) */
export const fibRuleHeader = struct({
  family: "u8",
  dstLength: "u8",
  srcLength: "u8",
  tos: "u8",
  table: "u8",
  reserved1: "u8",
  reserved2: "u8",
  action: "u8",
  flags: "u32",
});
/** struct tcmsg (include/uapi/linux/rtnetlink.h) */
export const tcmsg = struct({
  family: "u8",
  pad1: "u8",
  pad2: "u16",
  ifindex: "i32",
  handle: "u32",
  parent: "u32",
  info: "u32",
});
/** struct tc_ratespec (include/uapi/linux/pkt_sched.h); the rate is in bytes per second. */
export const tcRatespec = struct({
  cellLog: "u8",
  linklayer: "u8",
  overhead: "u16",
  cellAlign: "i16",
  mpu: "u16",
  rate: "u32",
});
/** struct tc_htb_glob */
export const tcHtbGlob = struct({
  version: "u32",
  rate2quantum: "u32",
  defcls: "u32",
  debug: "u32",
  directPackets: "u32",
});
/** struct tc_htb_opt after its two tc_ratespec, rate and ceil. */
export const tcHtbOptRest = struct({
  buffer: "u32",
  cbuffer: "u32",
  quantum: "u32",
  level: "u32",
  prio: "u32",
});
/** struct tc_tbf_qopt after its two tc_ratespec, rate and peakrate. */
export const tcTbfQoptRest = struct({ limit: "u32", buffer: "u32", mtu: "u32" });
/** struct tc_mirred (include/uapi/linux/tc_act/tc_mirred.h) */
export const tcMirred = struct({
  index: "u32",
  capab: "u32",
  action: "i32",
  refcnt: "i32",
  bindcnt: "i32",
  eaction: "i32",
  ifindex: "u32",
});
/** struct tc_fifo_qopt */
export const tcFifoQopt = struct({ limit: "u32" });
/** struct nfgenmsg (include/uapi/linux/netfilter/nfnetlink.h); its res_id is big-endian. */
export const nfgenmsg = struct({ family: "u8", version: "u8", resIdHigh: "u8", resIdLow: "u8" });
