import { macOf, makeLink, removeLink, setLink } from "../write/links.ts";
import type { KernelKind } from "./kind.ts";

export const ifb: KernelKind<"ifb"> = {
  observe: (look, want) => {
    const link = look.link(want.name);
    return link === null ? null : { kind: "ifb", name: link.name, mac: link.mac, up: link.up };
  },
  message: (does, { name, mac, up }) => {
    switch (does) {
      case "make":
        return makeLink(name, "ifb", [macOf(mac)]);
      case "set":
        return setLink(name, up);
      case "remove":
        return removeLink(name);
    }
  },
};
