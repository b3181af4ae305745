import { act, always, fields, interfaceKey, type Kind, setting } from "./kind.ts";

/**
 * The message to everybody on the bridge that a pod's addresses are at its MAC. Whoever still knows an
 * address under the MAC of a former pod forgets that MAC. What was told cannot be read back, so it counts as
 * told as soon as the interface exists: whoever makes the interface also tells it.
 */
export interface Announcement {
  kind: "announcement";
  netns: string;
  dev: string;
  mac: string;
  /** The node's end of the pair. It has to pass frames on by that time. */
  port: string;
  /** Whether there are IPv6 addresses to be told. */
  hasIpv6: boolean;
}

export const announcement: Kind<Announcement, "set MAC"> = {
  key: ({ netns, dev }) => `announcement ${netns} ${dev}`,
  title: ({ dev }) => `announcement of ${dev}`,
  containers: ({ netns, dev }) => [interfaceKey(netns, dev)],
  differ: fields(),
  stays: always,
  // While both settings are on, the kernel makes the announcement by itself whenever an interface is given a
  // MAC, even the MAC that it has. It sends a gratuitous ARP for each IPv4 address, and for each IPv6 address
  // an unsolicited advertisement that overrides (docs/engineering/decisions/0028-what-a-pod-leaves.md).
  acts: (op, { netns, dev, mac, hasIpv6 }) =>
    op === "delete"
      ? []
      : [
          setting(`net/ipv4/conf/${dev}/arp_notify`, "1", netns),
          ...(hasIpv6 ? [setting(`net/ipv6/conf/${dev}/ndisc_notify`, "1", netns)] : []),
          act("ip", `link set dev ${dev} address ${mac}`, "set MAC", netns),
        ],
};
