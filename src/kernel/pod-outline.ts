/**
 * All that is looked at inside of a pod's namespace, as one text that is compared with that of another time.
 * Nothing is made of the kernel's answers, which takes a fifth of the time of a look.
 */
import { attributesAt, concat, encodeAttribute } from "./netlink/codec.ts";
import { ifThere } from "./netlink/refusal.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { ifaddrmsg, ifinfomsg, rtmsg } from "./netlink/structs.ts";
import { AF, IFF_NOARP, IFF_UP, IFLA, IFLA_CONF, RTM } from "./netlink/tables.ts";
import { inNetnsIfThere } from "./netns.ts";
import { text, u32 } from "./write/request.ts";

/** IFLA_EXT_MASK and RTEXT_FILTER_SKIP_STATS (include/uapi/linux/rtnetlink.h): without what is counted. */
const extMask = 29;
const skipStats = 1 << 3;

const kept = [
  IFLA.ADDRESS,
  IFLA.MTU,
  IFLA.LINK,
  IFLA.LINK_NETNSID,
  IFLA.GSO_MAX_SIZE,
  IFLA.GSO_IPV4_MAX_SIZE,
] as const;

/** The settings of a family, of which the others' attributes count packets. */
function settingsOf(link: Uint8Array, family: 4 | 6): Uint8Array | undefined {
  const [families] = attributesAt(link, ifinfomsg.bytes, [IFLA.AF_SPEC]);
  const [own] = families === undefined ? [] : attributesAt(families, 0, [AF[family]]);
  return own === undefined ? undefined : attributesAt(own, 0, [IFLA_CONF[family]])[0];
}

function linkText(socket: NetlinkSocket, question: Uint8Array): string {
  const link = ifThere(() => socket.get(RTM.GETLINK, question));
  if (link === null) return "none";
  const { index, flags } = ifinfomsg.decode(link.body);
  const values = [
    ...attributesAt(link.body, ifinfomsg.bytes, kept),
    settingsOf(link.body, 4),
    settingsOf(link.body, 6),
  ];
  return [index, flags & (IFF_UP | IFF_NOARP), ...values.map((each) => each?.toHex())].join();
}

/** null means that there is no such namespace. */
export function podOutline(netns: string, ifname: string): string | null {
  const question = concat(
    ifinfomsg.encode({}),
    encodeAttribute(IFLA.IFNAME, text(ifname)),
    encodeAttribute(extMask, u32(skipStats)),
  );
  return inNetnsIfThere(netns, () => {
    using socket = new NetlinkSocket();
    const link = linkText(socket, question);
    const addresses = socket.dumpDigest(RTM.GETADDR, ifaddrmsg.encode({}));
    const routes = socket.dumpDigest(RTM.GETROUTE, rtmsg.encode({}));
    return `${link} ${addresses} ${routes}`;
  });
}
