/**
 * What the node learned about the way to an address: how TCP fared (tcp_metrics), and how large a packet may
 * be. The latter matters only where it outlives an interface. IPv4's sizes do not: the kernel drops all of
 * them when an interface goes down (fib_disable_ip(), net/ipv4/fib_frontend.c).
 */
import { effect } from "../../effect.ts";
import { bytesOfIp, familyOf } from "../../plan/ip.ts";
import { Attributes, concat, encodeAttribute } from "../netlink/codec.ts";
import { ifThere } from "../netlink/refusal.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { genlmsghdr, rtmsg } from "../netlink/structs.ts";
import {
  AF,
  CTRL_ATTR,
  CTRL_CMD_GETFAMILY,
  GENL_ID_CTRL,
  RTA,
  RTM,
  RTM_F_CLONED,
  TCP_METRICS_ADDRESS,
  TCP_METRICS_CMD_DEL,
} from "../netlink/tables.ts";
import { text, u32 } from "../write/request.ts";
import type { OnLink } from "./neighbours.ts";

const version = 1;

/** The number that generic netlink gave the family at boot. null means that it has no family of that name. */
function familyId(socket: NetlinkSocket, name: string): number | null {
  const body = concat(
    genlmsghdr.encode({ command: CTRL_CMD_GETFAMILY, version }),
    encodeAttribute(CTRL_ATTR.FAMILY_NAME, text(name)),
  );
  const answer = ifThere(() => socket.get(GENL_ID_CTRL, body));
  if (answer === null) return null;
  return new Attributes(answer.body, genlmsghdr.bytes).u16(CTRL_ATTR.FAMILY_ID) ?? null;
}

/** Throws NetlinkError. */
export function forgetTcpMetrics(addresses: readonly string[]): void {
  using socket = new NetlinkSocket("generic");
  const family = familyId(socket, "tcp_metrics");
  if (family === null) return;
  for (const address of addresses) {
    const body = concat(
      genlmsghdr.encode({ command: TCP_METRICS_CMD_DEL, version }),
      encodeAttribute(TCP_METRICS_ADDRESS[familyOf(address)], bytesOfIp(address)),
    );
    effect("kernel", `ip tcp_metrics del ${address}`, () => socket.changeIfThere(family, body));
  }
}

/**
 * Deletes the route that IPv6 made for that one destination, with the size that is remembered in it. Throws
 * NetlinkError.
 */
export function forgetRouteException(socket: NetlinkSocket, link: OnLink, address: string): void {
  if (familyOf(address) !== 6) return;
  const bits = 128;
  const body = concat(
    rtmsg.encode({ family: AF[6], dstLength: bits, flags: RTM_F_CLONED }),
    encodeAttribute(RTA.DST, bytesOfIp(address)),
    encodeAttribute(RTA.OIF, u32(link.index)),
  );
  effect("kernel", `ip -6 route del cache ${address} dev ${link.name}`, () =>
    socket.changeIfThere(RTM.DELROUTE, body),
  );
}
