/** Looks for interfaces beside the uplink that pods' traffic leaves by. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { nodeRoutes } from "../../kernel/read/routes.ts";
import { type Exit, exitsBeside } from "../../plan/exits.ts";
import { families } from "../../plan/ip.ts";
import { localTable } from "../../plan/route-numbers.ts";

/** It is empty where there is no such uplink, which is reported elsewhere. */
export function otherExits(uplinkName: string, bridge: string): Exit[] {
  using socket = new NetlinkSocket();
  const links = allLinks(socket).map((link) => ({ ...link, lowerIndex: link.peerIndex }));
  const indexOf = (name: string) => links.find((link) => link.name === name)?.index ?? null;
  const uplink = indexOf(uplinkName);
  if (uplink === null) return [];
  const routes = families
    .flatMap((family) => nodeRoutes(socket, family, null))
    .filter(({ table }) => table !== localTable);
  return exitsBeside(uplink, indexOf(bridge), links, routes);
}

/** This is shown in one line, so only so many destinations are named. */
const shown = 4;

export function exitWords({ dev, destinations }: Exit): string {
  const more = destinations.length - shown;
  const list = destinations.slice(0, shown).join(", ");
  return `what pods send to ${list}${more > 0 ? ` and ${more} more` : ""} leaves by ${dev}, which is not the uplink: no guarantee and no limit holds there`;
}
