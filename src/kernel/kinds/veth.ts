import { ifinfomsg } from "../netlink/structs.ts";
import { IFLA, VETH_INFO_PEER } from "../netlink/tables.ts";
import { makeLink, removeLink } from "../write/links.ts";
import { type Attribute, attribute, text } from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

const peerOf = (netns: string, ifname: string): Attribute =>
  attribute(VETH_INFO_PEER, {
    header: ifinfomsg.encode({}),
    attributes: [attribute(IFLA.IFNAME, text(ifname)), attribute(IFLA.NET_NS_FD, { netns })],
  });

export const veth: KernelKind<"veth"> = {
  observe: (look, want) => {
    const link = look.link(want.name);
    if (link === null) return null;
    const end = look.pod(want.netns, want.ifname).link;
    const paired = end !== null && end.index === link.peerIndex && end.peerIndex === link.index;
    return paired ? want : { ...want, netns: "elsewhere" };
  },
  message: (does, { name, netns, ifname }) => {
    switch (does) {
      case "make":
        return makeLink(name, "veth", [], [peerOf(netns, ifname)]);
      case "remove":
        return removeLink(name);
    }
  },
};
