/** The routes to other nodes' pods. They carry a protocol number of their own, and no others are touched. */

import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { bytesOfIp, type Family, families, familyOf, ipOfBytes } from "../plan/ip.ts";
import { type Prefix, prefixText } from "../plan/prefix.ts";
import { mainTable, universeScope } from "../plan/route-numbers.ts";
import { linkIndex } from "./link-index.ts";
import { Attributes } from "./netlink/codec.ts";
import { NetlinkError } from "./netlink/refusal.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { rtmsg } from "./netlink/structs.ts";
import { AF, RTA, RTM, RTN_UNICAST } from "./netlink/tables.ts";
import { nodeAddresses } from "./read/routes.ts";
import { attribute, requestOf } from "./write/request.ts";
import { adding, networkOf } from "./write/routes.ts";
import { Speaker } from "./write/speaker.ts";

/** Nobody has it in iproute2's rt_protos. `ip route show proto 70` lists these routes. */
const peerProtocol = 70;

const EEXIST = 17;

export interface PeerRoute {
  /** Another node's pod subnet. */
  dst: string;
  /** That node's own address. */
  gw: string;
  dev: string;
}

interface Found extends PeerRoute {
  /** null means that the route leads to another link by now, or to several. */
  index: number | null;
}

function readFamily(socket: NetlinkSocket, family: Family): Omit<Found, "dev">[] {
  const header = rtmsg.encode({ family: AF[family], table: mainTable });
  return socket.dump(RTM.GETROUTE, header).flatMap(({ body }) => {
    const found = rtmsg.decode(body);
    const attributes = new Attributes(body, rtmsg.bytes);
    const table = attributes.u32(RTA.TABLE) ?? found.table;
    if (found.family !== AF[family] || found.protocol !== peerProtocol || table !== mainTable)
      return [];
    const [dst, gw] = [attributes.bytes(RTA.DST), attributes.bytes(RTA.GATEWAY)];
    if (dst === undefined || gw === undefined) return [];
    const index = attributes.u32(RTA.OIF) ?? null;
    return [{ dst: prefixText({ bytes: dst, length: found.dstLength }), gw: ipOfBytes(gw), index }];
  });
}

/** Ours, of both families. One that leads to another link than `dev` has `dev` "". */
export function peerRoutes(dev: string): PeerRoute[] {
  using socket = new NetlinkSocket();
  const own = linkIndex(dev);
  return families
    .flatMap((family) => readFamily(socket, family))
    .map(({ dst, gw, index }) => ({ dst, gw, dev: index !== null && index === own ? dev : "" }));
}

/** The networks that are on this link, by the node's own addresses there; and those addresses. */
export function onLink(dev: string): { networks: Prefix[]; addresses: string[] } {
  using socket = new NetlinkSocket();
  const index = linkIndex(dev);
  const all = families.flatMap((family) => nodeAddresses(socket, family));
  return {
    networks: all.filter((each) => each.index === index).map((each) => each.onLink),
    addresses: all.map(({ address }) => ipOfBytes(address)),
  };
}

function send(op: "add" | "delete", { dst, gw, dev }: PeerRoute): void {
  const { ip, prefixLength } = networkOf(dst);
  const isNew = op === "add";
  const request = requestOf(
    isNew ? RTM.NEWROUTE : RTM.DELROUTE,
    // A route of somebody else's in this place stays.
    isNew ? adding : 0,
    rtmsg,
    {
      family: AF[familyOf(ip)],
      dstLength: prefixLength,
      table: mainTable,
      // The kernel deletes only a route of this protocol.
      protocol: peerProtocol,
      scope: universeScope,
      type: RTN_UNICAST,
    },
    attribute(RTA.DST, bytesOfIp(ip)),
    attribute(RTA.GATEWAY, bytesOfIp(gw)),
    ...(dev === "" ? [] : [attribute(RTA.OIF, { link: dev })]),
  );
  using speaker = new Speaker();
  effect("kernel", `${op} the route to ${dst}`, () => speaker.prepare(request)());
}

/** Throws kernelRefused. */
export function addPeerRoute(route: PeerRoute): void {
  try {
    send("add", route);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const what = `the route to ${route.dst} by ${route.gw} on ${route.dev} cannot be made`;
    throw error.errno === EEXIST
      ? new FairwayError(
          "kernelRefused",
          `${what}: another route has its place`,
          `ip route show ${route.dst} says whose: take it away, or leave --routes host-gateway out`,
        )
      : new FairwayError("kernelRefused", `${what}: ${error.message}`, "see ip route and ip link");
  }
}

/** One that is gone already is no error. */
export function removePeerRoute(route: PeerRoute): void {
  try {
    send("delete", route);
  } catch (error) {
    if (error instanceof NetlinkError && error.absent) return;
    if (!(error instanceof NetlinkError)) throw error;
    throw new FairwayError(
      "kernelRefused",
      `the route to ${route.dst} by ${route.gw} cannot be taken away: ${error.message}`,
      "see ip route show proto 70",
    );
  }
}
