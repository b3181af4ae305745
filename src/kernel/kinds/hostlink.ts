import { ownIpv4Bytes } from "../../plan/kinds/hostlink.ts";
import { IFLA } from "../netlink/tables.ts";
import { setLink } from "../write/links.ts";
import { attribute, u32 } from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

const limits = { gso: IFLA.GSO_MAX_SIZE, gso_ipv4: IFLA.GSO_IPV4_MAX_SIZE };

export const hostlink: KernelKind<"hostlink"> = {
  observe: (look, { gsoIpv4MaxBytes: _, ...want }) => {
    const { netns, name } = want;
    const link = netns === undefined ? look.link(name) : look.pod(netns, name).link;
    if (link === null) return null;
    const { gsoMaxBytes, gsoIpv4MaxBytes } = link;
    return { ...want, gsoMaxBytes, ...ownIpv4Bytes(gsoMaxBytes, gsoIpv4MaxBytes) };
  },
  message: ({ limit, bytes }, { name }) =>
    setLink(name, null, attribute(limits[limit], u32(bytes))),
};
