/** Links, addresses and routes, as the kernel has them. */
import { addressBits, type Family, families, ipOfBytes } from "../../plan/ip.ts";
import { mainTable } from "../../plan/routes.ts";
import { Attributes, concat, encodeAttribute, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/socket.ts";
import {
  AF,
  IFA,
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
  gsoMaxBytes: number;
  txQueueLength: number;
  /** The other end's index, in its own namespace; null where the kernel tells none. */
  peerIndex: number | null;
  /** The id by which this namespace knows the other end's; null: the other end is here. */
  peerNetnsId: number | null;
  masterIndex: number | null;
  /** null: not a bridge's port. */
  hairpin: boolean | null;
  groupForwardMask: number | null;
}

/** struct ifinfomsg: family, pad, type, index, flags, change. */
const linkHeaderBytes = 16;

function linkOf({ body }: Message): Link {
  const view = viewOf(body);
  const attributes = new Attributes(body, linkHeaderBytes);
  const info = attributes.nested(IFLA.LINKINFO);
  const port =
    info?.text(IFLA_INFO.SLAVE_KIND) === "bridge" ? info.nested(IFLA_INFO.SLAVE_DATA) : undefined;
  return {
    index: view.getInt32(4, true),
    name: attributes.text(IFLA.IFNAME) ?? "",
    type: info?.text(IFLA_INFO.KIND) ?? null,
    mac: [...(attributes.bytes(IFLA.ADDRESS) ?? [])]
      .map((b) => b.toString(16).padStart(2, "0"))
      .join(":"),
    mtuBytes: attributes.u32(IFLA.MTU) ?? 0,
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    gsoMaxBytes: attributes.u32(IFLA.GSO_MAX_SIZE) ?? 0,
    txQueueLength: attributes.u32(IFLA.TXQLEN) ?? 0,
    peerIndex: attributes.u32(IFLA.LINK) ?? null,
    peerNetnsId: attributes.u32(IFLA.LINK_NETNSID) ?? null,
    masterIndex: attributes.u32(IFLA.MASTER) ?? null,
    hairpin: port === undefined ? null : port.u8(IFLA_BRPORT.MODE) === 1,
    groupForwardMask: port === undefined ? null : (port.u16(IFLA_BRPORT.GROUP_FWD_MASK) ?? 0),
  };
}

export function allLinks(socket: NetlinkSocket): Link[] {
  return socket.dump(RTM.GETLINK, new Uint8Array(linkHeaderBytes)).map(linkOf);
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
  const body = concat(new Uint8Array(linkHeaderBytes), encodeAttribute(IFLA.IFNAME, text));
  try {
    return linkOf(socket.get(RTM.GETLINK, body));
  } catch (error) {
    if (error instanceof NetlinkError && error.absent) return null;
    throw error;
  }
}

/** struct ifaddrmsg: family, prefix length, flags, scope, index. "10.244.1.2/24". */
export function addressesOf(socket: NetlinkSocket, index: number): string[] {
  return families.flatMap((family) => {
    const header = new Uint8Array(8);
    header[0] = AF[family];
    viewOf(header).setUint32(4, index, true);
    return socket.dump(RTM.GETADDR, header).flatMap(({ body }) => {
      const attributes = new Attributes(body, 8);
      const address = attributes.bytes(IFA.LOCAL) ?? attributes.bytes(IFA.ADDRESS);
      // A kernel without strict checks dumps all devices, and one without IPv6 all families.
      const asked = body[0] === AF[family] && viewOf(body).getUint32(4, true) === index;
      return asked && address !== undefined ? [`${ipOfBytes(address)}/${body[1]}`] : [];
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

/** struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags. */
const routeHeaderBytes = 12;

function routeOf({ body }: Message, family: Family): RouteEntry | null {
  const cloned = (viewOf(body).getUint32(8, true) & RTM_F_CLONED) !== 0;
  if (body[0] !== AF[family] || body[7] !== RTN_UNICAST || cloned) return null;
  const attributes = new Attributes(body, routeHeaderBytes);
  const gateway = attributes.bytes(RTA.GATEWAY);
  const metrics = attributes.nested(RTA.METRICS);
  const any = new Uint8Array(addressBits[family] / 8);
  return {
    dst: `${ipOfBytes(attributes.bytes(RTA.DST) ?? any)}/${body[1]}`,
    gw: gateway === undefined ? null : ipOfBytes(gateway),
    oifIndex: attributes.u32(RTA.OIF) ?? null,
    table: attributes.u32(RTA.TABLE) ?? body[4] ?? mainTable,
    priority: attributes.u32(RTA.PRIORITY) ?? 0,
    scope: body[6] ?? 0,
    mtuBytes: metrics?.u32(RTAX.MTU) ?? null,
    advmssBytes: metrics?.u32(RTAX.ADVMSS) ?? null,
  };
}

/** The unicast routes of a family, of all tables. */
export function routesOf(socket: NetlinkSocket, family: Family): RouteEntry[] {
  const header = new Uint8Array(routeHeaderBytes);
  header[0] = AF[family];
  return socket.dump(RTM.GETROUTE, header).flatMap((message) => routeOf(message, family) ?? []);
}
