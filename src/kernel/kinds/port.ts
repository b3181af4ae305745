import { unusual } from "../../plan/usual.ts";
import { IFLA_BRPORT } from "../netlink/tables.ts";
import { asPort, macOf, masterOf, mtuOf, setLink, usualRequest } from "../write/links.ts";
import { attribute, u8, u16 } from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

export const port: KernelKind<"port"> = {
  observe: (look, want) => {
    const link = look.link(want.name);
    if (link === null) return null;
    const { name, mac, mtuBytes, hairpin, groupForwardMask, up } = link;
    const bridge = look.masterOf(link);
    const { state: _, ...settings } = link.settings;
    return {
      kind: "port",
      name,
      mac,
      mtuBytes,
      bridge: bridge?.name ?? null,
      hairpin: hairpin ?? false,
      groupForwardMask: groupForwardMask ?? 0,
      up,
      // While the bridge is down no port passes anything, and all ports do once it is up.
      unusual: unusual("port", bridge?.up === true ? link.settings : settings),
    };
  },
  message: (does, { name, mac, mtuBytes, bridge, hairpin, groupForwardMask, up }) => {
    switch (does) {
      case "set":
        return setLink(name, up, macOf(mac), mtuOf(mtuBytes), masterOf(bridge));
      case "set as port":
        return setLink(
          name,
          null,
          asPort(
            attribute(IFLA_BRPORT.MODE, u8(hairpin ? 1 : 0)),
            attribute(IFLA_BRPORT.GROUP_FWD_MASK, u16(groupForwardMask)),
          ),
        );
      default:
        return usualRequest(name, does);
    }
  },
};
