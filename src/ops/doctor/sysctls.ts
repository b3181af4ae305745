/** Looks at the settings that pods' connections need. An ADD sets them; something else may set them back. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { canWriteSetting, unwritable } from "../../kernel/write/setting.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { familiesOf } from "../../plan/node.ts";
import { acceptRaForwarding, ipv6Path } from "../../plan/state.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

export interface Setting {
  path: string;
  /** Says what does not work without it. */
  without: string;
  /** null means that every kernel has the setting. */
  module: string | null;
}

const settings: Setting[] = [
  { path: "net/ipv4/ip_forward", without: "pods reach nothing beyond the node", module: null },
  ...["iptables", "ip6tables"].map((tables) => ({
    path: `net/bridge/bridge-nf-call-${tables}`,
    without: "a service that leads back to a pod on the same node does not answer",
    module: "br_netfilter",
  })),
];

/** `live` means that an ADD has set them since this boot, `isWritable` that another ADD could. */
export function judgeSysctl(
  setting: Setting,
  value: string | null,
  live: boolean,
  isWritable = true,
): Finding {
  const { path, without, module } = setting;
  const name = path.replaceAll("/", ".");
  const id = `sysctl.${name}` as const;
  if (value === "1") return ok(id, "1");
  if (value === null)
    return error(
      id,
      `there is no such setting: ${without}`,
      module === null ? "mount /proc" : `modprobe ${module}, and load it at boot`,
    );
  if (!isWritable) {
    const { message, details = "" } = unwritable(path, value, "1");
    return error(id, `${message}: ${without}`, details);
  }
  if (!live) return ok(id, `${value}: the first ADD sets it to 1`);
  return error(
    id,
    `${value}: ${without}`,
    `sysctl -w ${name}=1, and find out what sets it back (/etc/sysctl.d)`,
  );
}

const forwarding6 = "net/ipv6/conf/all/forwarding";

/** This is the only value with which the kernel answers nobody (Documentation/networking/ip-sysctl.rst). */
const silent = 8;

/**
 * Of the two values the larger one holds. `all` and `own` are what /proc/sys has for all interfaces and for
 * the bridge; null means that there is no such bridge yet.
 */
function judgeArpIgnore(bridge: string, all: string | null, own: string | null): Finding[] {
  const isAll = Number(all) === silent;
  if (!isAll && Number(own) !== silent) return [];
  const name = `net.ipv4.conf.${isAll ? "all" : bridge}.arp_ignore`;
  return [
    error(
      `sysctl.${name}`,
      `${silent}: the node answers no pod that asks for the gateway's MAC, so pods reach nothing beyond the node`,
      `sysctl -w ${name}=0, and find out what sets it (/etc/sysctl.d)`,
    ),
  ];
}

const arpIgnore = (dev: string): string | null => readSysctl(`net/ipv4/conf/${dev}/arp_ignore`);

/** These are needed only where pods get IPv6 addresses. */
const ipv6Settings: Setting[] = [
  { path: forwarding6, without: "pods reach nothing beyond the node over IPv6", module: null },
];

/**
 * A node that forwards accepts router advertisements only where accept_ra is 2. Fairway sees to it on the
 * uplink; other interfaces are not its own.
 */
export function judgeAdvertisements(dev: string, acceptRa: string | null): Finding[] {
  if (acceptRa !== "1") return [];
  return [
    warn(
      `accept_ra.${dev}`,
      `${dev} accepts no router advertisements, since the node forwards IPv6: an address and routes that it had from them end`,
      `if ${dev} has its IPv6 from a router: sysctl -w net.ipv6.conf.${dev}.accept_ra=${acceptRaForwarding}; else 0 says the same and ends this warning`,
    ),
  ];
}

/** Looks at the other interfaces of the node, which may have their IPv6 from a router. */
function advertisements(ours: readonly string[]): Finding[] {
  if (readSysctl(forwarding6) !== "1") return [];
  return attempt("accept_ra", () => {
    using socket = new NetlinkSocket();
    return allLinks(socket)
      .filter(({ name, type, up, masterIndex }) => {
        const isPlain = up && masterIndex === null && name !== "lo" && !madeByHosts.has(type ?? "");
        return isPlain && !ours.includes(name);
      })
      .flatMap(({ name }) =>
        judgeAdvertisements(name, readSysctl(ipv6Path({ dev: name, name: "accept_ra" }))),
      );
  });
}

/** These kinds of device are the node's own ends of something: nobody's router is behind them. */
const madeByHosts = new Set(["bridge", "veth", "vxlan", "dummy", "ifb", "tun", "wireguard"]);

export function sysctls({ ledger, configs }: Patient): Finding[] {
  // Where Fairway is chained, these settings are for the plugin that makes the interfaces.
  if (configs.some(({ chained }) => chained)) return [];
  const networks = ledger === null ? [] : new NodeView(ledger).networks;
  const hasIpv6 = configs.some(({ ipam }) =>
    ipam.sets.flat().some(({ subnet }) => subnet.family === 6),
  );
  const live6 = networks.some((network) => familiesOf(network).includes(6));
  const judged = (isLive: boolean) => (setting: Setting) =>
    judgeSysctl(setting, readSysctl(setting.path), isLive, canWriteSetting(setting.path));
  return [
    ...settings.map(judged(networks.length > 0)),
    ...(hasIpv6 || live6 ? ipv6Settings.map(judged(live6)) : []),
    ...[...new Set(configs.map(({ bridge }) => bridge))].flatMap((bridge) =>
      judgeArpIgnore(bridge, arpIgnore("all"), arpIgnore(bridge)),
    ),
    ...(live6 ? advertisements(networks.map(({ trees }) => trees.uplink)) : []),
  ];
}
