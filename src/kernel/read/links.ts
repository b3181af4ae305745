/** Links, addresses and routes, as the kernel has them. */
import { addressBits, type Family, families, ipOfBytes } from "../../plan/ip.ts";
import { Attributes, concat, encodeAttribute, type Message } from "../netlink/codec.ts";
import { ifThere } from "../netlink/refusal.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { ifaddrmsg, ifinfomsg, rtmsg } from "../netlink/structs.ts";
import {
  AF,
  IFA,
  IFF_NOARP,
  IFF_RUNNING,
  IFF_UP,
  IFLA,
  IFLA_BR,
  IFLA_BRPORT,
  IFLA_INFO,
  NETNSA,
  RTA,
  RTAX,
  RTM,
  RTM_F_CLONED,
  RTN_UNICAST,
} from "../netlink/tables.ts";
import { text, u32 } from "../write/request.ts";

export interface Link {
  index: number;
  name: string;
  /** "veth", "bridge" and so on. It is null for a physical device. */
  type: string | null;
  mac: string;
  mtuBytes: number;
  up: boolean;
  /** Whether it is a tunnel, or another device without neighbours (IFF_NOARP). */
  withoutNeighbours: boolean;
  gsoMaxBytes: number;
  /** IPv4's own limit. It is null where the kernel has none (before 6.3). */
  gsoIpv4MaxBytes: number | null;
  txQueueLength: number;
  /** The root's kind, for example "tbf". It is null where the kernel does not tell it. */
  rootQdisc: string | null;
  /** The other end's index, in its own namespace. It is null where the kernel tells none. */
  peerIndex: number | null;
  /**
   * The id by which this namespace knows the other end's namespace. null means that the other end is in this
   * namespace.
   */
  peerNetnsId: number | null;
  masterIndex: number | null;
  /** null means that the link is not a bridge's port. */
  hairpin: boolean | null;
  groupForwardMask: number | null;
  /** BR_STATE_*. */
  portState: number | null;
  /** Whether the other side is there and may send. */
  isRunning: boolean;
  /**
   * The settings that may keep packets from passing (usual.ts), by ip's words for them. It holds those that a
   * link of this kind has.
   */
  settings: Record<string, string>;
}

const onOff = (value: number): string => (value === 0 ? "off" : "on");
const asNumber = String;

const bridgeSettings: [string, number][] = [
  ["stp_state", IFLA_BR.STP_STATE],
  ["vlan_filtering", IFLA_BR.VLAN_FILTERING],
];
/** The settings of a port that are on or off, each with its attribute. */
export const portFlags: [string, number][] = [
  ["learning", IFLA_BRPORT.LEARNING],
  ["flood", IFLA_BRPORT.UNICAST_FLOOD],
  ["bcast_flood", IFLA_BRPORT.BCAST_FLOOD],
  ["mcast_flood", IFLA_BRPORT.MCAST_FLOOD],
  ["isolated", IFLA_BRPORT.ISOLATED],
  ["locked", IFLA_BRPORT.LOCKED],
  ["neigh_suppress", IFLA_BRPORT.NEIGH_SUPPRESS],
  ["proxy_arp", IFLA_BRPORT.PROXYARP],
  ["proxy_arp_wifi", IFLA_BRPORT.PROXYARP_WIFI],
];

/** A setting that the kernel does not tell is left out, since that kernel does not have it. */
function told(
  from: Attributes | undefined,
  wanted: [string, number][],
  write: (value: number) => string,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, type] of wanted) {
    const value = from?.bytes(type)?.[0];
    if (value !== undefined) found[name] = write(value);
  }
  return found;
}

function linkOf({ body }: Message): Link {
  const { index, flags } = ifinfomsg.decode(body);
  const attributes = new Attributes(body, ifinfomsg.bytes);
  const info = attributes.nested(IFLA.LINKINFO);
  const isRunning = (flags & IFF_RUNNING) !== 0;
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
    isRunning,
    settings: {
      arp: (flags & IFF_NOARP) === 0 ? "on" : "off",
      ...(info?.text(IFLA_INFO.KIND) === "bridge" &&
        told(info.nested(IFLA_INFO.DATA), bridgeSettings, asNumber)),
      ...told(port, portFlags, onOff),
      // A port whose other side is not there passes nothing, whatever its state was set to.
      ...(isRunning && told(port, [["state", IFLA_BRPORT.STATE]], asNumber)),
    },
  };
}

export function allLinks(socket: NetlinkSocket): Link[] {
  return socket.dump(RTM.GETLINK, ifinfomsg.encode({})).map(linkOf);
}

/** struct rtgenmsg: a family and its padding. */
const generalHeaderBytes = 4;
/** NETNSA_NSID_NOT_ASSIGNED, as unsigned. */
const notAssigned = 0xffff_ffff;

/**
 * The id by which the socket's namespace knows the namespace that is open as `fd`. null means that it has
 * given it none.
 */
export function netnsIdOf(socket: NetlinkSocket, fd: number): number | null {
  const { body } = socket.get(
    RTM.GETNSID,
    concat(new Uint8Array(generalHeaderBytes), encodeAttribute(NETNSA.FD, u32(fd))),
  );
  const id = new Attributes(body, generalHeaderBytes).u32(NETNSA.NSID);
  return id === undefined || id === notAssigned ? null : id;
}

/** null means that there is no link of that name. */
export function linkNamed(socket: NetlinkSocket, name: string): Link | null {
  return oneLink(socket, concat(ifinfomsg.encode({}), encodeAttribute(IFLA.IFNAME, text(name))));
}

/** null means that there is no link of that number. */
export function linkNumbered(socket: NetlinkSocket, index: number): Link | null {
  return oneLink(socket, ifinfomsg.encode({ index }));
}

const oneLink = (socket: NetlinkSocket, body: Uint8Array): Link | null =>
  ifThere(() => linkOf(socket.get(RTM.GETLINK, body)));

/** "10.244.1.2/24" */
export function addressesOf(socket: NetlinkSocket, index: number): string[] {
  return families.flatMap((family) => {
    const header = ifaddrmsg.encode({ family: AF[family], index });
    return socket.dump(RTM.GETADDR, header).flatMap(({ body }) => {
      const found = ifaddrmsg.decode(body);
      const attributes = new Attributes(body, ifaddrmsg.bytes);
      const address = attributes.bytes(IFA.LOCAL) ?? attributes.bytes(IFA.ADDRESS);
      // A kernel without strict checks dumps the addresses of all devices, and a kernel without IPv6 those of
      // all families.
      const asked = found.family === AF[family] && found.index === index;
      return asked && address !== undefined ? [`${ipOfBytes(address)}/${found.prefixLength}`] : [];
    });
  });
}

export interface RouteEntry {
  /** RTN_UNICAST and so on. */
  type: number;
  dst: string;
  gw: string | null;
  /** The source address that it prefers. */
  source: string | null;
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
  if (found.family !== AF[family] || cloned) return null;
  const attributes = new Attributes(body, rtmsg.bytes);
  const gateway = attributes.bytes(RTA.GATEWAY);
  const source = attributes.bytes(RTA.PREFSRC);
  const metrics = attributes.nested(RTA.METRICS);
  const any = new Uint8Array(addressBits[family] / 8);
  return {
    type: found.type,
    source: source === undefined ? null : ipOfBytes(source),
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

const dumped = (socket: NetlinkSocket, family: Family, ...attributes: Uint8Array[]): RouteEntry[] =>
  socket
    .dump(RTM.GETROUTE, concat(rtmsg.encode({ family: AF[family] }), ...attributes))
    .flatMap((message) => routeOf(message, family) ?? []);

/** The unicast routes of a family, from all tables. */
export function routesOf(socket: NetlinkSocket, family: Family): RouteEntry[] {
  return dumped(socket, family).filter(({ type }) => type === RTN_UNICAST);
}

/**
 * All routes of a family through a device, of all types and tables. The kernel looks through all routes, but
 * tells only a few.
 */
export function routesThrough(socket: NetlinkSocket, family: Family, index: number): RouteEntry[] {
  // A kernel without strict checks tells the routes of all devices.
  return dumped(socket, family, encodeAttribute(RTA.OIF, u32(index))).filter(
    ({ oifIndex }) => oifIndex === index,
  );
}

/** All routes of a family to one destination, whatever they do with it. */
export function routesTo(socket: NetlinkSocket, family: Family, dst: string): RouteEntry[] {
  return dumped(socket, family).filter((route) => route.dst === dst);
}
