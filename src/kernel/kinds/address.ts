import { bytesOfIp, familyOf, isLinkLocal } from "../../plan/ip.ts";
import { ifaddrmsg } from "../netlink/structs.ts";
import { AF, IFA, IFA_F_NODAD, RTM } from "../netlink/tables.ts";
import { attribute, requestOf } from "../write/request.ts";
import { adding, networkOf, putting } from "../write/routes.ts";
import type { KernelKind } from "./kind.ts";

export const address: KernelKind<"address"> = {
  observe: (look, want) => {
    const { netns, dev, cidr } = want;
    const there = netns === null ? look.addresses(dev) : look.pod(netns, dev).addresses;
    // A setting decides which link-local address an interface has (addr_gen_mode), so any one is enough.
    const isThere = isLinkLocal(cidr) ? there.some(isLinkLocal) : there.includes(cidr);
    return isThere ? want : null;
  },
  message: (op, { dev, cidr }) => {
    const { ip, prefixLength } = networkOf(cidr);
    const family = familyOf(ip);
    const gone = op === "delete";
    return requestOf(
      gone ? RTM.DELADDR : RTM.NEWADDR,
      gone ? 0 : isLinkLocal(ip) ? putting : adding,
      ifaddrmsg,
      {
        family: AF[family],
        prefixLength,
        flags: family === 6 && !gone ? IFA_F_NODAD : 0,
        index: { link: dev },
      },
      attribute(IFA.LOCAL, bytesOfIp(ip)),
      attribute(IFA.ADDRESS, bytesOfIp(ip)),
    );
  },
};
