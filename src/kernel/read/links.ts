/** Links, addresses and routes, as the kernel has them. */
import { addressBits, type Family, families, ipOfBytes } from "../../plan/ip.ts";
import { Attributes, concat, encodeAttribute, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/socket.ts";
import { ifaddrmsg, ifinfomsg, rtmsg } from "../netlink/structs.ts";
import {
  AF,
  IFA,
  IFF_NOARP,
  IFF_UP,
  IFLA,
  IFLA_BRPORT,
  IFLA_INFO,
  NETNSA,
  RTA,
  RTAX,
  RTM,
  RTM_F_CLONED,
  RTN_UNICAST,
} from "../netlink/tables.ts";

export interface Link {
  index: number;
  name: string;
  /** "veth", "bridge", ...; null for a physical device. */
  type: string | null;
  mac: string;
  mtuBytes: number;
  up: boolean;
  /** A tunnel, or another device without neighbours (IFF_NOARP). */
  withoutNeighbours: boolean;
  gsoMaxBytes: number;
  /** IPv4's own limit; null where the kernel has none (before 6.3). */
  gsoIpv4MaxBytes: number | null;
  txQueueLength: number;
  /** "tbf"; null where the kernel does not say. */
  rootQdisc: string | null;
  /** The other end's index, in its own namespace; null where the kernel tells none. */
  peerIndex: number | null;
  /** The id by which this namespace knows the other end's; null: the other end is here. */
  peerNetnsId: number | null;
  masterIndex: number | null;
  /** null: not a bridge's port. */
  hairpin: boolean | null;
  groupForwardMask: number | null;
  /** BR_STATE_*. */
  portState: number | null;
}

function linkOf({ body }: Message): Link {
  const { index, flags } = ifinfomsg.decode(body);
  const attributes = new Attributes(body, ifinfomsg.bytes);
  const info = attributes.nested(IFLA.LINKINFO);
  const port =
    info?.text(IFLA_INFO.SLAVE_KIND) === "bridge" ? info.nested(IFLA_INFO.SLAVE_DATA) : undefined;
  return {
    index,
    name: attributes.text(IFLA.IFNAME) ?? "",
    type: info?.text(IFLA_INFO.KIND) ?? null,
    mac: [...(attributes.bytes(IFLA.ADDRESS) ?? [])]
      .map((b) => b.toString(16).padStart(2, "0"))
      .join(":"),
    mtuBytes: attributes.u32(IFLA.MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    withoutNeighbours: (flags & IFF_NOARP) !== 0,
    gsoMaxBytes: attributes.u32(IFLA.GSO_MAX_SIZE) ?? 0,
    gsoIpv4MaxBytes: attributes.u32(IFLA.GSO_IPV4_MAX_SIZE) ?? null,
    txQueueLength: attributes.u32(IFLA.TXQLEN) ?? 0,
    rootQdisc: attributes.text(IFLA.QDISC) ?? null,
    peerIndex: attributes.u32(IFLA.LINK) ?? null,
    peerNetnsId: attributes.u32(IFLA.LINK_NETNSID) ?? null,
    masterIndex: attributes.u32(IFLA.MASTER) ?? null,
    hairpin: port === undefined ? null : port.u8(IFLA_BRPORT.MODE) === 1,
    groupForwardMask: port === undefined ? null : (port.u16(IFLA_BRPORT.GROUP_FWD_MASK) ?? 0),
    portState: port?.u8(IFLA_BRPORT.STATE) ?? null,
  };
}

export function allLinks(socket: NetlinkSocket): Link[] {
  return socket.dump(RTM.GETLINK, ifinfomsg.encode({})).map(linkOf);
}

/** struct rtgenmsg: a family, padded. */
const generalHeaderBytes = 4;
/** NETNSA_NSID_NOT_ASSIGNED, as unsigned. */
const notAssigned = 0xffff_ffff;

/** The id by which the socket's namespace knows the one that is open as `fd`; null: it has given it none. */
export function netnsIdOf(socket: NetlinkSocket, fd: number): number | null {
  const of = new Uint8Array(4);
  viewOf(of).setUint32(0, fd, true);
  const { body } = socket.get(
    RTM.GETNSID,
    concat(new Uint8Array(generalHeaderBytes), encodeAttribute(NETNSA.FD, of)),
  );
  const id = new Attributes(body, generalHeaderBytes).u32(NETNSA.NSID);
  return id === undefined || id === notAssigned ? null : id;
}

/** null: there is none of that name. */
export function linkNamed(socket: NetlinkSocket, name: string): Link | null {
  const text = new TextEncoder().encode(`${name}\0`);
  return oneLink(socket, concat(ifinfomsg.encode({}), encodeAttribute(IFLA.IFNAME, text)));
}

/** null: there is none of that number. */
export function linkNumbered(socket: NetlinkSocket, index: number): Link | null {
  return oneLink(socket, ifinfomsg.encode({ index }));
}

function oneLink(socket: NetlinkSocket, body: Uint8Array): Link | null {
  try {
    return linkOf(socket.get(RTM.GETLINK, body));
  } catch (error) {
    if (error instanceof NetlinkError && error.absent) return null;
    throw error;
  }
}

/** "10.244.1.2/24" */
export function addressesOf(socket: NetlinkSocket, index: number): string[] {
  return families.flatMap((family) => {
    const header = ifaddrmsg.encode({ family: AF[family], index });
    return socket.dump(RTM.GETADDR, header).flatMap(({ body }) => {
      const found = ifaddrmsg.decode(body);
      const attributes = new Attributes(body, ifaddrmsg.bytes);
      const address = attributes.bytes(IFA.LOCAL) ?? attributes.bytes(IFA.ADDRESS);
      // A kernel without strict checks dumps all devices, and one without IPv6 all families.
      const asked = found.family === AF[family] && found.index === index;
      return asked && address !== undefined ? [`${ipOfBytes(address)}/${found.prefixLength}`] : [];
    });
  });
}

export interface RouteEntry {
  dst: string;
  gw: string | null;
  oifIndex: number | null;
  table: number;
  priority: number;
  scope: number;
  mtuBytes: number | null;
  advmssBytes: number | null;
}

function routeOf({ body }: Message, family: Family): RouteEntry | null {
  const found = rtmsg.decode(body);
  const cloned = (found.flags & RTM_F_CLONED) !== 0;
  if (found.family !== AF[family] || found.type !== RTN_UNICAST || cloned) return null;
  const attributes = new Attributes(body, rtmsg.bytes);
  const gateway = attributes.bytes(RTA.GATEWAY);
  const metrics = attributes.nested(RTA.METRICS);
  const any = new Uint8Array(addressBits[family] / 8);
  return {
    dst: `${ipOfBytes(attributes.bytes(RTA.DST) ?? any)}/${found.dstLength}`,
    gw: gateway === undefined ? null : ipOfBytes(gateway),
    oifIndex: attributes.u32(RTA.OIF) ?? null,
    table: attributes.u32(RTA.TABLE) ?? found.table,
    priority: attributes.u32(RTA.PRIORITY) ?? 0,
    scope: found.scope,
    mtuBytes: metrics?.u32(RTAX.MTU) ?? null,
    advmssBytes: metrics?.u32(RTAX.ADVMSS) ?? null,
  };
}

/** The unicast routes of a family, of all tables. */
export function routesOf(socket: NetlinkSocket, family: Family): RouteEntry[] {
  const header = rtmsg.encode({ family: AF[family] });
  return socket.dump(RTM.GETROUTE, header).flatMap((message) => routeOf(message, family) ?? []);
}
