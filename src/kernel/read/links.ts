/** Links, addresses and routes, as the kernel has them. */
import { Attributes, concat, encodeAttribute, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/socket.ts";
import {
  AF_INET,
  IFA,
  IFF_UP,
  IFLA,
  IFLA_BRPORT,
  IFLA_INFO,
  RT_TABLE_MAIN,
  RTA,
  RTM,
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
  /** The other end's index, in its own namespace; null where the kernel tells none. */
  peerIndex: number | null;
  masterIndex: number | null;
  /** null: not a bridge's port. */
  hairpin: boolean | null;
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
    peerIndex: attributes.u32(IFLA.LINK) ?? null,
    masterIndex: attributes.u32(IFLA.MASTER) ?? null,
    hairpin: port === undefined ? null : port.u8(IFLA_BRPORT.MODE) === 1,
  };
}

export function allLinks(socket: NetlinkSocket): Link[] {
  return socket.dump(RTM.GETLINK, new Uint8Array(linkHeaderBytes)).map(linkOf);
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

const dotted = (bytes: Uint8Array): string => [...bytes].join(".");

/** struct ifaddrmsg: family, prefix length, flags, scope, index. IPv4 only: what this version sets up. */
export function addressesOf(socket: NetlinkSocket, index: number): string[] {
  const header = new Uint8Array(8);
  header[0] = AF_INET;
  viewOf(header).setUint32(4, index, true);
  return socket.dump(RTM.GETADDR, header).flatMap(({ body }) => {
    const attributes = new Attributes(body, 8);
    const address = attributes.bytes(IFA.LOCAL) ?? attributes.bytes(IFA.ADDRESS);
    // A kernel without strict checks dumps all devices.
    if (address === undefined || viewOf(body).getUint32(4, true) !== index) return [];
    return [`${dotted(address)}/${body[1]}`];
  });
}

export interface RouteEntry {
  dst: string;
  gw: string | null;
  oifIndex: number | null;
}

/** The main table's IPv4 routes. struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags. */
export function routes4(socket: NetlinkSocket): RouteEntry[] {
  const header = new Uint8Array(12);
  header[0] = AF_INET;
  header[4] = RT_TABLE_MAIN;
  return socket.dump(RTM.GETROUTE, header).flatMap(({ body }) => {
    const attributes = new Attributes(body, 12);
    if ((attributes.u32(RTA.TABLE) ?? body[4]) !== RT_TABLE_MAIN || body[0] !== AF_INET) return [];
    const gateway = attributes.bytes(RTA.GATEWAY);
    return [
      {
        dst: `${dotted(attributes.bytes(RTA.DST) ?? new Uint8Array(4))}/${body[1]}`,
        gw: gateway === undefined ? null : dotted(gateway),
        oifIndex: attributes.u32(RTA.OIF) ?? null,
      },
    ];
  });
}
