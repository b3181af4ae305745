/** What Fairway relies on, as docs/doctor.md lists it: how each is broken on a node of two families with two pods. */

export interface Reliance {
  /** As the page has it. */
  title: string;
  group: "settings" | "bridge" | "ports" | "pod" | "addresses" | "routes" | "others";
  /** Commands on the node. */
  node?: string[];
  /** Commands in the first pod's namespace. */
  pod?: string[];
  /** What somebody says that notices it: any of them. */
  says: string;
  /** What is not Fairway's to mend is undone by these, on the node. */
  undo?: string[];
}

const set = (name: string, value: string | number): string => `sysctl -qw ${name}=${value}`;
const port = (words: string): string => `ip link set dev fwv10 type bridge_slave ${words}`;
const element = (set: string, key: string): string => `nft delete element ${set} { ${key} }`;

export const reliances: readonly Reliance[] = [
  // Settings of the node.
  {
    title: "sysctl `net.ipv4.ip_forward`",
    group: "settings",
    node: [set("net.ipv4.ip_forward", 0)],
    says: "net.ipv4.ip_forward",
  },
  {
    title: "sysctl `net.ipv4.conf.BRIDGE.forwarding`",
    group: "settings",
    node: [set("net.ipv4.conf.fw0.forwarding", 0)],
    says: "net.ipv4.conf.fw0.forwarding",
  },
  {
    title: "sysctl `net.ipv4.conf.UPLINK.forwarding`",
    group: "settings",
    node: [set("net.ipv4.conf.uplink.forwarding", 0)],
    says: "net.ipv4.conf.uplink.forwarding",
  },
  {
    title: "sysctl `net.ipv4.conf.all.arp_ignore`, `net.ipv4.conf.BRIDGE.arp_ignore`: other than 8",
    group: "settings",
    node: [set("net.ipv4.conf.fw0.arp_ignore", 8)],
    says: "net.ipv4.conf.fw0.arp_ignore",
    undo: [set("net.ipv4.conf.fw0.arp_ignore", 0)],
  },
  {
    title: "sysctl `net.ipv6.conf.all.forwarding`",
    group: "settings",
    node: [set("net.ipv6.conf.all.forwarding", 0)],
    says: "net.ipv6.conf.all.forwarding",
  },
  {
    title: "sysctl `net.ipv6.conf.BRIDGE.accept_ra`",
    group: "settings",
    node: [set("net.ipv6.conf.fw0.accept_ra", 2)],
    says: "accept_ra of fw0",
  },
  {
    title: "sysctl `net.ipv6.conf.BRIDGE.accept_dad`",
    group: "settings",
    node: [set("net.ipv6.conf.fw0.accept_dad", 1)],
    says: "accept_dad of fw0",
  },
  {
    title: "sysctl `net.ipv6.conf.BRIDGE.disable_ipv6`",
    group: "settings",
    node: [set("net.ipv6.conf.fw0.disable_ipv6", 1)],
    says: "disable_ipv6 of fw0",
  },
  {
    title: "sysctl `net.bridge.bridge-nf-call-iptables`",
    group: "settings",
    node: [set("net.bridge.bridge-nf-call-iptables", 0)],
    says: "bridge-nf-call-iptables",
  },
  {
    title: "sysctl `net.bridge.bridge-nf-call-ip6tables`",
    group: "settings",
    node: [set("net.bridge.bridge-nf-call-ip6tables", 0)],
    says: "bridge-nf-call-ip6tables",
  },
  // The bridge.
  {
    title: "bridge: it is there",
    group: "bridge",
    node: ["ip link del dev fw0"],
    says: "bridge fw0 is missing",
  },
  {
    title: "bridge: up",
    group: "bridge",
    node: ["ip link set dev fw0 down"],
    says: "bridge fw0: up is false",
  },
  {
    title: "bridge: MAC",
    group: "bridge",
    node: ["ip link set dev fw0 address 02:00:00:00:00:98"],
    says: "bridge fw0: mac",
  },
  {
    title: "bridge: MTU",
    group: "bridge",
    node: ["ip link set dev fw0 mtu 1400"],
    says: "bridge fw0: mtuBytes",
  },
  {
    title: "bridge: ARP",
    group: "bridge",
    node: ["ip link set dev fw0 arp off"],
    says: "bridge fw0: arp is off",
  },
  {
    title: "bridge: no spanning tree",
    group: "bridge",
    node: ["ip link set dev fw0 type bridge stp_state 1"],
    says: "bridge fw0: stp_state is 1",
  },
  // Each pod's end on the bridge.
  {
    title: "port: the pair is there",
    group: "ports",
    node: ["ip link del dev fwv10"],
    says: "veth pair fwv10 - eth0 is missing",
  },
  {
    title: "port: on the bridge",
    group: "ports",
    node: ["ip link set dev fwv10 nomaster"],
    says: "fwv10: bridge is none",
  },
  {
    title: "port: up",
    group: "ports",
    node: ["ip link set dev fwv10 down"],
    says: "fwv10: up is false",
  },
  {
    title: "port: MAC",
    group: "ports",
    node: ["ip link set dev fwv10 address 02:00:00:00:00:99"],
    says: "fwv10: mac",
  },
  {
    title: "port: MTU",
    group: "ports",
    node: ["ip link set dev fwv10 mtu 1300"],
    says: "fwv10: mtuBytes",
  },
  { title: "port: hairpin", group: "ports", node: [port("hairpin off")], says: "hairpin is false" },
  {
    title: "port: groups that are forwarded",
    group: "ports",
    node: [port("group_fwd_mask 0")],
    says: "groupForwardMask is 0",
  },
  {
    title: "port: state forwarding",
    group: "ports",
    node: [port("state 1")],
    says: "fwv10: state is 1",
  },
  ...["learning", "flood", "bcast_flood", "mcast_flood"].map(
    (name): Reliance => ({
      title: `port: ${name} on`,
      group: "ports",
      node: [port(`${name} off`)],
      says: `fwv10: ${name} is off`,
    }),
  ),
  ...["isolated", "locked", "neigh_suppress", "proxy_arp", "proxy_arp_wifi"].map(
    (name): Reliance => ({
      title: `port: ${name} off`,
      group: "ports",
      node: [port(`${name} on`)],
      says: `fwv10: ${name} is on`,
    }),
  ),
  // The pod's own.
  {
    title: "pod: interface up",
    group: "pod",
    pod: ["ip link set dev eth0 down"],
    says: "pod interface eth0: up is false",
  },
  {
    title: "pod: MAC",
    group: "pod",
    pod: ["ip link set dev eth0 address 02:00:00:00:00:97"],
    says: "pod interface eth0: mac",
  },
  {
    title: "pod: MTU",
    group: "pod",
    pod: ["ip link set dev eth0 mtu 1300"],
    says: "pod interface eth0: mtuBytes",
  },
  {
    title: "pod: GSO size",
    group: "pod",
    pod: ["ip link set dev eth0 gso_max_size 65536"],
    says: "pod interface eth0: gsoMaxBytes",
  },
  {
    title: "pod: ARP",
    group: "pod",
    pod: ["ip link set dev eth0 arp off"],
    says: "pod interface eth0: arp is off",
  },
  {
    title: "pod: `net.ipv6.conf.IFACE.accept_ra`",
    group: "pod",
    pod: [set("net.ipv6.conf.eth0.accept_ra", 1)],
    says: "accept_ra of eth0",
  },
  {
    title: "pod: `net.ipv6.conf.IFACE.accept_dad`",
    group: "pod",
    pod: [set("net.ipv6.conf.eth0.accept_dad", 1)],
    says: "accept_dad of eth0",
  },
  {
    title: "pod: `net.ipv6.conf.IFACE.disable_ipv6`",
    group: "pod",
    pod: [set("net.ipv6.conf.eth0.disable_ipv6", 1)],
    says: "disable_ipv6 of eth0",
  },
  // Addresses.
  {
    title: "address: the gateway's, IPv4",
    group: "addresses",
    node: ["ip address del 198.19.1.1/24 dev fw0"],
    says: "address 198.19.1.1/24 on fw0 is missing",
  },
  {
    title: "address: the gateway's, IPv6",
    group: "addresses",
    node: ["ip address del fd00:c613:1::1/64 dev fw0"],
    says: "address fd00:c613:1::1/64 on fw0 is missing",
  },
  {
    title: "address: the bridge's link-local one, with IPv6",
    group: "addresses",
    node: ["ip -6 address flush dev fw0 scope link"],
    says: "address fe80::c66:ff:fe66:7730/64 on fw0 is missing",
  },
  {
    title: "address: the pod's, IPv4",
    group: "addresses",
    pod: ["ip address del 198.19.1.2/24 dev eth0"],
    says: "address 198.19.1.2/24 on eth0 is missing",
  },
  {
    title: "address: the pod's, IPv6",
    group: "addresses",
    pod: ["ip address del fd00:c613:1::2/64 dev eth0"],
    says: "address fd00:c613:1::2/64 on eth0 is missing",
  },
  // Routes.
  {
    title: "route: the node's to the pods' subnet, IPv4",
    group: "routes",
    node: ["ip route del 198.19.1.0/24"],
    says: "the node's route to 198.19.1.0/24 on fw0 is missing",
  },
  {
    title: "route: the node's to the pods' subnet, IPv6",
    group: "routes",
    node: ["ip -6 route del fd00:c613:1::/64 dev fw0"],
    says: "the node's route to fd00:c613:1::/64 on fw0 is missing",
  },
  {
    title: "route: no blackhole in the place of the node's",
    group: "routes",
    node: ["ip route replace blackhole 198.19.1.0/24"],
    says: "the node's route to 198.19.1.0/24 on fw0: type is blackhole, should be unicast",
  },
  {
    title: "route: no other device in the place of the node's",
    group: "routes",
    node: ["ip route replace 198.19.1.0/24 dev uplink"],
    says: "the node's route to 198.19.1.0/24 on fw0: dev is uplink, should be fw0",
  },
  {
    title: "route: the node's to the gateway's own address, IPv4",
    group: "routes",
    node: ["ip route del local 198.19.1.1 dev fw0 table local"],
    says: "the node's route to its own address 198.19.1.1/32 on fw0 is missing",
  },
  {
    title: "route: the node's to the gateway's own address, IPv6",
    group: "routes",
    node: ["ip -6 route del local fd00:c613:1::1 dev fw0 table local"],
    says: "the node's route to its own address fd00:c613:1::1/128 on fw0 is missing",
  },
  {
    title: "route: the node's to the groups on the bridge, with IPv6",
    group: "routes",
    node: ["ip -6 route del multicast ff00::/8 dev fw0 table local"],
    says: "the node's route to the groups ff00::/8 on fw0 is missing",
  },
  {
    title: "route: the pod's to its subnet, IPv4",
    group: "routes",
    pod: ["ip route del 198.19.1.0/24"],
    says: "the pod's own route to 198.19.1.0/24 on eth0 is missing",
  },
  {
    title: "route: the pod's to its subnet, IPv6",
    group: "routes",
    pod: ["ip -6 route del fd00:c613:1::/64"],
    says: "the pod's own route to fd00:c613:1::/64 on eth0 is missing",
  },
  {
    title: "route: the pod's configured ones",
    group: "routes",
    pod: ["ip route del default"],
    says: "route 0.0.0.0/0 on eth0 is missing",
  },
  // What is others', and what keeps promises.
  {
    title: "route: no longer prefix to a pod in another table or elsewhere",
    group: "others",
    node: [
      "ip route add 198.19.1.2/32 dev uplink table 77",
      "ip rule add priority 90 to 198.19.1.0/24 lookup 77",
    ],
    says: "packets to 198.19.1.2 do not go to fw0: they leave by uplink (table 77)",
    undo: ["ip rule del priority 90", "ip route flush table 77"],
  },
  {
    title: "rule: none that leads what pods send past the main table",
    group: "others",
    node: [
      "ip route add default via 198.18.0.2 table 78",
      "ip rule add priority 91 from 198.19.1.0/24 lookup 78",
    ],
    says: "91: from 198.19.1.0/24 lookup 78",
    undo: ["ip rule del priority 91", "ip route flush table 78"],
  },
  {
    title: "firewall: no chain of others at the hook forward that drops them",
    group: "others",
    node: ["iptables-nft -P FORWARD DROP"],
    says: "chain FORWARD of table ip filter",
    undo: ["iptables-nft -P FORWARD ACCEPT", "nft delete table ip filter"],
  },
  {
    title: "uplink: up",
    group: "others",
    node: ["ip link set dev uplink down"],
    says: "uplink is down",
    undo: [
      "ip link set dev uplink up",
      "ip route replace default via 198.18.0.2",
      "ip -6 address replace fd00:c612::1/64 dev uplink nodad",
      "ip -6 route replace default via fd00:c612::2",
    ],
  },
  {
    title: "qdisc: the roots of uplink and bridge",
    group: "others",
    node: ["tc qdisc del dev fw0 root"],
    says: "root qdisc of fw0",
  },
  {
    title: "qdisc: the queue of each class",
    group: "others",
    node: ["tc qdisc del dev uplink parent fa01:10"],
    says: "qdisc of class fa01:10 on uplink is missing",
  },
  {
    title: "class: each pod's in both trees, the host's, the root's",
    group: "others",
    node: ["tc class del dev uplink classid fa01:10"],
    says: "class fa01:10 on uplink is missing",
  },
  {
    title: "nftables: the tables, their chains and rules",
    group: "others",
    node: ["nft flush chain inet fairway classify"],
    says: "rules of chain classify",
  },
  {
    title: "nftables: each pod's elements",
    group: "others",
    node: [element("inet fairway class4", "198.19.1.2")],
    says: "element 198.19.1.2 of class4 is missing",
  },
];
