/** The ports of a bridge. Their number is limited. */
import { FairwayError } from "../errors.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { allLinks } from "./read/links.ts";

/**
 * A port's number has ten bits (BR_PORT_BITS, net/bridge/br_private.h), and none is 0 (find_portno(),
 * net/bridge/br_if.c).
 */
export const mostPorts = 1023;

/** The number of ports that a bridge has, whoever made them. null means that there is no such bridge. */
export function portsOf(bridge: string): number | null {
  using socket = new NetlinkSocket();
  const links = allLinks(socket);
  const own = links.find(({ name, type }) => name === bridge && type === "bridge");
  if (own === undefined) return null;
  return links.filter(({ masterIndex }) => masterIndex === own.index).length;
}

/** `asked` is what there is no room for. */
export const fullBridge = (bridge: string, asked: string): FairwayError =>
  new FairwayError(
    "kernelRefused",
    `${asked} was asked of the bridge ${bridge}, and all ${mostPorts} that the kernel gives a bridge are taken (BR_MAX_PORTS is 1024, and one of its numbers is kept back)`,
    `move pods to another node and give the kubelet a smaller maxPods; where \`ip link show master ${bridge}\` lists interfaces that are not Fairway's (fwv...), take them off (ip link set dev NAME nomaster)`,
  );
