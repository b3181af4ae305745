import { acceptRaForwarding, ipv6Path } from "../../plan/kinds/ipv6setting.ts";
import { readSysctl } from "../read/sysctl.ts";
import { type KernelKind, noMessage } from "./kind.ts";

const withIpv6 = "net/ipv6/conf/all/forwarding";

export const ipv6setting: KernelKind<"ipv6setting"> = {
  observe: (look, want) => {
    const { netns, dev, name } = want;
    const value =
      netns === null ? readSysctl(ipv6Path(want)) : (look.pod(netns, dev).ipv6.get(name) ?? null);
    if (value === null) {
      // A kernel without IPv6 does nothing that would have to be switched off.
      const isOff = name !== "disable_ipv6" && want.value === "0";
      return isOff && readSysctl(withIpv6) === null ? want : null;
    }
    // The value "1" has no effect once the node forwards. So on a node that already forwards there is nothing
    // to keep.
    const isKept =
      want.value === acceptRaForwarding && (value !== "1" || readSysctl(withIpv6) === "1");
    return isKept ? want : { ...want, value };
  },
  message: noMessage,
};
