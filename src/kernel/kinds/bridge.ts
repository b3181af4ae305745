import { unusual } from "../../plan/usual.ts";
import { macOf, makeLink, mtuOf, removeLink, setLink, usualRequest } from "../write/links.ts";
import type { KernelKind } from "./kind.ts";

export const bridge: KernelKind<"bridge"> = {
  observe: (look, want) => {
    const link = look.link(want.name);
    if (link === null) return null;
    const { name, mac, mtuBytes, up, settings } = link;
    const master = look.masterOf(link)?.name ?? "none";
    return {
      kind: "bridge",
      name,
      mac,
      mtuBytes,
      up,
      unusual: unusual("bridge", { ...settings, master }),
    };
  },
  message: (does, { name, mac, mtuBytes, up }) => {
    switch (does) {
      case "make":
        return makeLink(name, "bridge", [macOf(mac)]);
      case "set":
        return setLink(name, up, macOf(mac), mtuOf(mtuBytes));
      case "remove":
        return removeLink(name);
      default:
        return usualRequest(name, does);
    }
  },
};
