/**
 * All routes and addresses of the node, as the kernel has them. The pods' networks have to be compatible with
 * them.
 */
import type { Family } from "../../plan/ip.ts";
import { addressBits } from "../../plan/ip.ts";
import type { Prefix } from "../../plan/prefix.ts";
import { linkScope } from "../../plan/route-numbers.ts";
import { Attributes, attributeHeaderBytes, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { ifaddrmsg, nhmsg, rtmsg, rtnexthop } from "../netlink/structs.ts";
import { AF, IFA, NHA, RTA, RTM, RTM_F_CLONED, routeTypes } from "../netlink/tables.ts";

interface NextHop {
  /**
   * null means that the destination is on the link. The gateway is of the route's family, or of the other
   * family (RFC 5549).
   */
  gw: Uint8Array | null;
  /** null means that the route drops packets. */
  oifIndex: number | null;
}

export interface NodeRoute {
  dst: Prefix;
  /** What happens to a packet: "unicast" sends it to one of the hops, "blackhole" nowhere, and so on. */
  type: string;
  table: number;
  priority: number;
  hops: NextHop[];
}

export interface NodeAddress {
  index: number;
  /** The interface's own address. */
  address: Uint8Array;
  /** The network that this address says is on its link. For a point-to-point link it is the other end. */
  onLink: Prefix;
}

/** RTA_VIA begins with the family of the address. */
const viaHeaderBytes = 2;

function gatewayOf(attributes: Attributes): Uint8Array | null {
  return (
    attributes.bytes(RTA.GATEWAY) ?? attributes.bytes(RTA.VIA)?.subarray(viaHeaderBytes) ?? null
  );
}

/** Each hop is a struct rtnexthop with attributes of its own (RTA_MULTIPATH). */
function hopsOf(bytes: Uint8Array): NextHop[] {
  const hops: NextHop[] = [];
  for (let at = 0; at + rtnexthop.bytes <= bytes.length; ) {
    const { length, ifindex } = rtnexthop.decode(bytes, at);
    if (length < rtnexthop.bytes || at + length > bytes.length)
      throw new RangeError(`next hop of ${length} bytes in ${bytes.length - at}`);
    const attributes = new Attributes(bytes.subarray(at, at + length), rtnexthop.bytes);
    hops.push({ gw: gatewayOf(attributes), oifIndex: ifindex });
    at += (length + 3) & ~3;
  }
  return hops;
}

/**
 * The hops of next hop objects, by their numbers. A kernel with net.ipv4.nexthop_compat_mode=0 tells only
 * this number of a route (Documentation/networking/ip-sysctl.rst).
 */
function nextHopObjects(socket: NetlinkSocket): Map<number, NextHop[]> {
  const single = new Map<number, NextHop[]>();
  const groups = new Map<number, number[]>();
  for (const { body } of socket.dump(RTM.GETNEXTHOP, nhmsg.encode({}))) {
    const attributes = new Attributes(body, nhmsg.bytes);
    const id = attributes.u32(NHA.ID) ?? 0;
    const group = attributes.bytes(NHA.GROUP);
    if (group !== undefined) {
      const view = viewOf(group);
      // struct nexthop_grp has eight bytes, and the number comes first.
      const members = Array.from({ length: group.length >> 3 }, (_, i) =>
        view.getUint32(i * 8, true),
      );
      groups.set(id, members);
      continue;
    }
    const oifIndex = attributes.u32(NHA.OIF) ?? null;
    single.set(id, [{ gw: attributes.bytes(NHA.GATEWAY) ?? null, oifIndex }]);
  }
  for (const [id, members] of groups)
    single.set(
      id,
      members.flatMap((member) => single.get(member) ?? []),
    );
  return single;
}

function routeOf(
  { body }: Message,
  family: Family,
  objects: () => Map<number, NextHop[]>,
): NodeRoute | null {
  const found = rtmsg.decode(body);
  if (found.family !== AF[family] || (found.flags & RTM_F_CLONED) !== 0) return null;
  const attributes = new Attributes(body, rtmsg.bytes);
  const several = attributes.bytes(RTA.MULTIPATH);
  const oifIndex = attributes.u32(RTA.OIF) ?? null;
  const object = attributes.u32(RTA.NH_ID);
  const hops =
    several !== undefined
      ? hopsOf(several)
      : oifIndex === null && object !== undefined
        ? (objects().get(object) ?? [])
        : [{ gw: gatewayOf(attributes), oifIndex }];
  return {
    dst: {
      bytes: attributes.bytes(RTA.DST) ?? new Uint8Array(addressBits[family] / 8),
      length: found.dstLength,
    },
    type: routeTypes[found.type] ?? `type ${found.type}`,
    table: attributes.u32(RTA.TABLE) ?? found.table,
    priority: attributes.u32(RTA.PRIORITY) ?? 0,
    hops,
  };
}

/** All routes of a family from one table. null means from all tables. */
export function nodeRoutes(
  socket: NetlinkSocket,
  family: Family,
  table: number | null,
): NodeRoute[] {
  let objects: Map<number, NextHop[]> | undefined;
  const header = rtmsg.encode({ family: AF[family], table: table ?? 0 });
  return (
    socket
      .dump(RTM.GETROUTE, header)
      .flatMap(
        (message) => routeOf(message, family, () => (objects ??= nextHopObjects(socket))) ?? [],
      )
      // A kernel without strict checks dumps all tables.
      .filter((route) => table === null || route.table === table)
  );
}

/** All addresses of a family, from all interfaces. */
export function nodeAddresses(socket: NetlinkSocket, family: Family): NodeAddress[] {
  return socket
    .dump(RTM.GETADDR, ifaddrmsg.encode({ family: AF[family] }))
    .flatMap(({ body }): NodeAddress[] => {
      const found = ifaddrmsg.decode(body);
      const attributes = new Attributes(body, ifaddrmsg.bytes);
      const peer = attributes.bytes(IFA.ADDRESS);
      const address = attributes.bytes(IFA.LOCAL) ?? peer;
      if (found.family !== AF[family] || address === undefined) return [];
      const onLink = { bytes: peer ?? address, length: found.prefixLength };
      return [{ index: found.index, address, onLink }];
    });
}

/** struct ifaddrmsg: family, prefix length, flags, scope. */
const scopeAt = 3;

/** The kernel gives each pod's interface on the node an address of its own of IPv6, with a route to fe80::/64. */
const isOwnAddress = (buffer: Uint8Array, at: number): boolean =>
  buffer[at + scopeAt] === linkScope;

/** RTA_TABLE, a number, comes before the destination (rt6_fill_node(), net/ipv6/route.c). */
const tableBytes = 8;

function leadsToLinkLocal(buffer: Uint8Array, at: number): boolean {
  const attribute = at + rtmsg.bytes + tableBytes;
  const dst = attribute + attributeHeaderBytes;
  return (
    buffer[at] === AF[6] &&
    buffer[attribute + 2] === RTA.DST &&
    buffer[dst] === 0xfe &&
    ((buffer[dst + 1] ?? 0) & 0xc0) === 0x80
  );
}

/**
 * Of some families the node's routes of one table and its addresses, as a text that differs where any of
 * them does. An address that has a lifetime makes each look another one.
 */
export function routesDigest(families: readonly Family[], table: number): string {
  using socket = new NetlinkSocket();
  return families
    .flatMap((family) => [
      socket.dumpDigest(
        RTM.GETROUTE,
        rtmsg.encode({ family: AF[family], table }),
        leadsToLinkLocal,
      ),
      socket.dumpDigest(RTM.GETADDR, ifaddrmsg.encode({ family: AF[family] }), isOwnAddress),
    ])
    .join(" ");
}
