import { unusual } from "../../plan/usual.ts";
import { IFLA } from "../netlink/tables.ts";
import { macOf, mtuOf, setLink, usualRequest } from "../write/links.ts";
import { attribute, u32 } from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

export const podlink: KernelKind<"podlink"> = {
  observe: (look, { netns, name: asked }) => {
    const { link } = look.pod(netns, asked);
    if (link === null) return null;
    const { name, mac, mtuBytes, gsoMaxBytes, up, settings } = link;
    return {
      kind: "podlink",
      netns,
      name,
      mac,
      mtuBytes,
      gsoMaxBytes,
      up,
      unusual: unusual("podlink", settings),
    };
  },
  message: (does, { name, mac, mtuBytes, gsoMaxBytes, up }) => {
    if (does !== "set") return usualRequest(name, does);
    const gso = attribute(IFLA.GSO_MAX_SIZE, u32(gsoMaxBytes));
    return setLink(name, up, macOf(mac), mtuOf(mtuBytes), gso);
  },
};
