/**
 * What conntrack keeps of a pod's flows. A flow that continues after its pod went is led to whoever has the
 * address next, because of the translation at its beginning.
 */
import { effect } from "../../effect.ts";
import { bytesOfIp, type Family, familyOf } from "../../plan/ip.ts";
import { Attributes, concat, encodeAttribute, encodeNested, viewOf } from "../netlink/codec.ts";
import { NetlinkError } from "../netlink/refusal.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import {
  AF,
  CT_MSG,
  CTA,
  CTA_FILTER,
  CTA_FILTER_IP_SRC,
  CTA_IP_SRC,
  CTA_STATS_GLOBAL_ENTRIES,
  CTA_TUPLE_IP,
} from "../netlink/tables.ts";
import { u32 } from "../write/request.ts";
import { withNetfilterSocket } from "../write/transaction.ts";

/**
 * Whatever was translated, the source of a flow's first direction began the flow, and the source of its
 * second direction answers. One of the two is the pod.
 */
const directions = ["ORIG", "REPLY"] as const;
type Direction = (typeof directions)[number];

const EOPNOTSUPP = 95;

/** Whether this kernel has no conntrack, or none for netlink. */
const isUnknown = (error: unknown): boolean =>
  error instanceof NetlinkError && (error.isInvalid || error.errno === EOPNOTSUPP);

const header = (family: Family): Uint8Array => nfgenmsg.encode({ family: AF[family] });

/**
 * A filter for flows whose source in that direction is the address. It is for IPv4 only: with IPv6 the kernel
 * picks out all flows that do not have the address (ctnetlink_filter_match_tuple(),
 * net/netfilter/nf_conntrack_netlink.c, up to 6.18 at the least).
 */
function filterOf(direction: Direction, address: string): Uint8Array {
  const source = encodeAttribute(CTA_IP_SRC[4], bytesOfIp(address));
  return concat(
    header(4),
    encodeNested(CTA[`TUPLE_${direction}`], encodeNested(CTA_TUPLE_IP, source)),
    encodeNested(
      CTA.FILTER,
      encodeAttribute(CTA_FILTER[`${direction}_FLAGS`], u32(CTA_FILTER_IP_SRC)),
    ),
  );
}

/** null means that the kernel has no conntrack. */
function flowCount(socket: NetlinkSocket): number | null {
  try {
    const { body } = socket.get(CT_MSG.GET_STATS, nfgenmsg.encode({}));
    const entries = new Attributes(body, nfgenmsg.bytes).bytes(CTA_STATS_GLOBAL_ENTRIES);
    return entries === undefined ? null : viewOf(entries).getUint32(0, false);
  } catch (error) {
    if (isUnknown(error)) return null;
    throw error;
  }
}

/**
 * Lets the kernel itself walk through the flows, and tells whether that was done. A kernel before 6.11 knows
 * no filter for this: it wants the whole of a flow and refuses a part (ctnetlink_del_conntrack()).
 */
function deleteByFilter(socket: NetlinkSocket, address: string): boolean {
  if (familyOf(address) === 6) return false;
  try {
    for (const direction of directions)
      socket.change(CT_MSG.DELETE, 0, filterOf(direction, address));
    return true;
  } catch (error) {
    if (isUnknown(error)) return false;
    throw error;
  }
}

function sourceIs(flow: Attributes, direction: Direction, address: string): boolean {
  const source = flow
    .nested(CTA[`TUPLE_${direction}`])
    ?.nested(CTA_TUPLE_IP)
    ?.bytes(CTA_IP_SRC[familyOf(address)]);
  return source !== undefined && bytesOfIp(address).every((byte, at) => source[at] === byte);
}

function deleteFlow(socket: NetlinkSocket, family: Family, flow: Attributes): void {
  const named = [CTA.TUPLE_ORIG, CTA.ID, CTA.ZONE].flatMap((type) => {
    const value = flow.bytes(type);
    if (value === undefined) return [];
    return [type === CTA.TUPLE_ORIG ? encodeNested(type, value) : encodeAttribute(type, value)];
  });
  // The flow may have ended since it was read.
  socket.changeIfThere(CT_MSG.DELETE, concat(header(family), ...named));
}

/**
 * Does the same for any kernel and family. It reads what may belong to the address, and deletes what does.
 */
export function deleteOneByOne(socket: NetlinkSocket, address: string): void {
  const family = familyOf(address);
  // A kernel before 5.8 does not look at the filter.
  const questions = family === 6 ? [header(6)] : directions.map((each) => filterOf(each, address));
  for (const question of questions)
    for (const { body } of socket.dump(CT_MSG.GET, question)) {
      const flow = new Attributes(body, nfgenmsg.bytes);
      if (directions.some((each) => sourceIs(flow, each, address)))
        deleteFlow(socket, family, flow);
    }
}

/**
 * To read the flows is expensive: 10 ms for the 262144 buckets that a machine with more than 4 GB has, since
 * the kernel locks each. So where the kernel needs that, it is done only for the addresses in `reached`, to
 * which the node has sent something. Throws NetlinkError, tryAgain. A kernel without conntrack keeps nothing.
 */
export function forgetFlows(addresses: readonly string[], reached: readonly string[]): void {
  withNetfilterSocket((socket) => {
    const count = flowCount(socket);
    if (count === null || count === 0) return;
    for (const address of addresses)
      effect("kernel", `forget the flows of ${address}`, () => {
        const isDone = deleteByFilter(socket, address);
        if (!isDone && reached.includes(address)) deleteOneByOne(socket, address);
      });
  });
}
