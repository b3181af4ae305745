/** Where the node sends a packet: the result of its rules and of all its routing tables. */
import { addressBits, bytesOfIp, familyOf } from "../../plan/ip.ts";
import { Attributes, concat, encodeAttribute } from "../netlink/codec.ts";
import { NetlinkError } from "../netlink/refusal.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { rtmsg } from "../netlink/structs.ts";
import { AF, RTA, RTM, RTM_F_LOOKUP_TABLE, routeTypes } from "../netlink/tables.ts";

export interface Way {
  /** "unicast" goes to a device, "local" to the node itself, "blackhole" nowhere, and so on. */
  type: string;
  oifIndex: number | null;
  /** null means that the destination is on the link. */
  gw: Uint8Array | null;
  table: number;
}

/** fib_lookup() and ip6_route_output() refuse with these errnos where no packet gets through. */
const refusals: Record<number, string> = {
  13: "prohibit",
  22: "blackhole",
  101: "no route",
  113: "unreachable",
};

/**
 * The way of a packet to this address, if the node sends or forwards it. The question takes a few
 * microseconds, however large the tables are.
 */
export function wayTo(socket: NetlinkSocket, address: string): Way {
  const family = familyOf(address);
  const header = rtmsg.encode({
    family: AF[family],
    dstLength: addressBits[family],
    // IPv6 tells the table without being asked, and refuses a request that asks for it.
    flags: family === 4 ? RTM_F_LOOKUP_TABLE : 0,
  });
  try {
    const { body } = socket.get(
      RTM.GETROUTE,
      concat(header, encodeAttribute(RTA.DST, bytesOfIp(address))),
    );
    const found = rtmsg.decode(body);
    const attributes = new Attributes(body, rtmsg.bytes);
    return {
      type: routeTypes[found.type] ?? `type ${found.type}`,
      oifIndex: attributes.u32(RTA.OIF) ?? null,
      gw: attributes.bytes(RTA.GATEWAY) ?? null,
      table: attributes.u32(RTA.TABLE) ?? found.table,
    };
  } catch (error) {
    const type = error instanceof NetlinkError ? refusals[error.errno] : undefined;
    if (type === undefined) throw error;
    return { type, oifIndex: null, gw: null, table: 0 };
  }
}
