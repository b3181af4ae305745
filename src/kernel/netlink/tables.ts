/** Numbers of netlink, grouped by the header that they are from. */

import type { Family } from "../../plan/ip.ts";

/** include/uapi/linux/netlink.h: flags of any request, and of a request that makes something. */
export const NLM_F = {
  REQUEST: 1,
  ACK: 4,
  ECHO: 8,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;

/** include/uapi/linux/rtnetlink.h */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTCLASS: 40,
  DELTCLASS: 41,
  GETTCLASS: 42,
  NEWTFILTER: 44,
  DELTFILTER: 45,
  GETTFILTER: 46,
  NEWNETCONF: 80,
  GETNETCONF: 82,
  GETNSID: 90,
  GETRULE: 34,
  GETNEXTHOP: 106,
} as const;
export const RTA = {
  DST: 1,
  SRC: 2,
  IIF: 3,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  TABLE: 15,
  VIA: 18,
  NH_ID: 30,
} as const;
export const RTAX = { MTU: 2, ADVMSS: 8 } as const;
export const RTN_UNICAST = 1;
/** The types of routes by their numbers, in the words of ip(8). */
export const routeTypes: readonly string[] = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];
/** The kernel made the route. It is deleted with the address that it came with. */
export const RTPROT_KERNEL = 2;
/** The protocol of routes that ip(8) makes. RT_SCOPE_NOWHERE means any scope in a deletion. */
export const RTPROT_BOOT = 3;
export const RT_SCOPE_NOWHERE = 255;
/** The route is one that IPv6 made from another one, for a single destination. */
export const RTM_F_CLONED = 0x200;
/** Asks for the route that is taken, as it stands in its table. */
export const RTM_F_FIB_MATCH = 0x2000;
/** Asks which table an answer came from. */
export const RTM_F_LOOKUP_TABLE = 0x1000;
export const TCA = { KIND: 1, OPTIONS: 2, STATS2: 7 } as const;

/** include/uapi/linux/neighbour.h */
export const NDA_DST = 1;

/** include/uapi/linux/fib_rules.h */
export const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  PRIORITY: 6,
  FWMARK: 10,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  OIFNAME: 17,
  L3MDEV: 19,
  UID_RANGE: 20,
  IP_PROTO: 22,
  SPORT_RANGE: 23,
  DPORT_RANGE: 24,
} as const;
export const FIB_RULE_INVERT = 2;
/** The values of FR_ACT_* that decide something, in the words of ip(8). */
export const ruleActions: Readonly<Record<number, string>> = {
  1: "lookup",
  6: "blackhole",
  7: "unreachable",
  8: "prohibit",
};

/** include/uapi/linux/nexthop.h */
export const NHA = { ID: 1, GROUP: 2, OIF: 5, GATEWAY: 6 } as const;
/**
 * include/uapi/linux/netconf.h. What holds for all links of a namespace has this number in place of a link's
 * number.
 */
export const NETCONFA = { IFINDEX: 1, FORWARDING: 2 } as const;
export const NETCONFA_IFINDEX_ALL = 0xffff_ffff;

/** include/uapi/linux/net_namespace.h */
export const NETNSA = { NSID: 1, FD: 3 } as const;

/** include/uapi/linux/if_link.h */
export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  QDISC: 6,
  MASTER: 10,
  TXQLEN: 13,
  LINKINFO: 18,
  AF_SPEC: 26,
  NET_NS_FD: 28,
  LINK_NETNSID: 37,
  GSO_MAX_SIZE: 41,
  GSO_IPV4_MAX_SIZE: 63,
} as const;
export const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
/**
 * The attribute of a family in AF_SPEC that holds the settings below /proc/sys/net/ipv4/conf/DEV and
 * .../ipv6/conf/DEV, 32 bits each.
 */
export const IFLA_CONF: Record<Family, number> = { 4: 1, 6: 2 };
/** include/uapi/linux/if_bridge.h: the state of a port that has no carrier yet. */
export const BR_STATE_DISABLED = 0;
/** include/uapi/linux/if_link.h: settings of a bridge, and of its ports. */
export const IFLA_BR = { STP_STATE: 5, VLAN_FILTERING: 7 } as const;
export const IFLA_BRPORT = {
  STATE: 1,
  MODE: 4,
  LEARNING: 8,
  UNICAST_FLOOD: 9,
  PROXYARP: 10,
  PROXYARP_WIFI: 12,
  MCAST_FLOOD: 27,
  BCAST_FLOOD: 30,
  GROUP_FWD_MASK: 31,
  NEIGH_SUPPRESS: 32,
  ISOLATED: 33,
  LOCKED: 39,
} as const;
/** include/uapi/linux/veth.h */
export const VETH_INFO_PEER = 1;
/** include/uapi/linux/if.h */
export const IFF_UP = 1;
/** The other side is there, and it may send. */
export const IFF_RUNNING = 0x40;
export const IFF_NOARP = 0x80;

/** include/uapi/linux/if_addr.h */
export const IFA = { ADDRESS: 1, LOCAL: 2 } as const;
export const IFA_F_NODAD = 2;

/** include/uapi/linux/pkt_sched.h */
export const TCA_HTB = { PARMS: 1, INIT: 2, RATE64: 6, CEIL64: 7 } as const;
export const TCA_TBF = { PARMS: 1, RATE64: 4, BURST: 6 } as const;
export const TCA_FQ_CODEL = {
  TARGET: 1,
  LIMIT: 2,
  INTERVAL: 3,
  ECN: 4,
  FLOWS: 5,
  QUANTUM: 6,
  CE_THRESHOLD: 7,
  DROP_BATCH_SIZE: 8,
  MEMORY_LIMIT: 9,
} as const;
export const TC_LINKLAYER_ETHERNET = 1;
export const TC_H_ROOT = 0xffffffff;
/** TC_H_CLSACT with TC_H_MIN_INGRESS and TC_H_MIN_EGRESS. */
export const clsactHooks = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
/** include/uapi/linux/pkt_cls.h and tc_act/tc_mirred.h */
export const TCA_BPF = { ACT: 1, OPS_LEN: 4, OPS: 5 } as const;
export const TCA_ACT = { KIND: 1, OPTIONS: 2 } as const;
/**
 * The attribute that holds the actions of a filter, by its kind: TCA_U32_ACT, TCA_MATCHALL_ACT,
 * TCA_FLOWER_ACT, TCA_BPF_ACT.
 */
export const tcaActOf: Readonly<Record<string, number>> = {
  u32: 7,
  matchall: 2,
  flower: 3,
  bpf: 1,
};
export const TCA_MIRRED_PARMS = 2;
export const TCA_EGRESS_REDIR = 1;
export const TC_ACT_STOLEN = 4;
/** include/uapi/linux/if_ether.h */
export const ETH_P_ALL = 3;
/** include/uapi/linux/gen_stats.h */
export const TCA_STATS = { BASIC: 1, QUEUE: 3, PKT64: 8 } as const;

/** include/linux/socket.h */
export const AF: Record<Family, number> = { 4: 2, 6: 10 };

/** include/uapi/linux/netfilter/nfnetlink.h */
export const NFNL_MSG_BATCH = { BEGIN: 16, END: 17 } as const;
export const NFNL_SUBSYS_NFTABLES_ID = 10;
/** include/uapi/linux/netfilter/nfnetlink.h and nf_tables.h: messages, with the subsystem above the type. */
export const NFNL_SUBSYS_NFTABLES = NFNL_SUBSYS_NFTABLES_ID << 8;
export const NFT_MSG = {
  GETTABLE: NFNL_SUBSYS_NFTABLES | 1,
  GETCHAIN: NFNL_SUBSYS_NFTABLES | 4,
  GETRULE: NFNL_SUBSYS_NFTABLES | 7,
  GETSET: NFNL_SUBSYS_NFTABLES | 10,
  NEWSETELEM: NFNL_SUBSYS_NFTABLES | 12,
  DELSETELEM: NFNL_SUBSYS_NFTABLES | 14,
  GETSETELEM: NFNL_SUBSYS_NFTABLES | 13,
  NEWGEN: NFNL_SUBSYS_NFTABLES | 15,
  GETGEN: NFNL_SUBSYS_NFTABLES | 16,
  GETFLOWTABLE: NFNL_SUBSYS_NFTABLES | 23,
} as const;
/** include/uapi/linux/netfilter.h */
export const NFPROTO = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const;
export const NFTA_TABLE = { NAME: 1, FLAGS: 2 } as const;
/** A table whose chains are not called (`flags dormant`). */
export const NFT_TABLE_F_DORMANT = 1;
export const NFTA_GEN_ID = 1;
export const NFTA_CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const;
/** include/uapi/linux/netfilter.h: the verdict of a chain whose rules gave none. */
export const NF_DROP = 0;
export const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2 } as const;
export const NFTA_FLOWTABLE = { TABLE: 1, NAME: 2, HOOK: 3 } as const;
export const NFTA_FLOWTABLE_HOOK_DEVS = 3;
export const NFTA_RULE = { TABLE: 1, CHAIN: 2, USERDATA: 7 } as const;
export const NFTA_SET = { TABLE: 1, NAME: 2, FLAGS: 3 } as const;
export const NFT_SET_ANONYMOUS = 1;
export const NFT_SET_MAP = 8;
export const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
export const NFTA_LIST_ELEM = 1;
export const NFTA_SET_ELEM = {
  KEY: 1,
  DATA: 2,
  FLAGS: 3,
  USERDATA: 6,
  EXPR: 7,
  KEY_END: 10,
} as const;
export const NFT_SET_ELEM_INTERVAL_END = 1;
export const NFTA_DATA_VALUE = 1;
export const NFTA_EXPR = { DATA: 2 } as const;
export const NFTA_COUNTER = { BYTES: 1, PACKETS: 2 } as const;
/** include/uapi/linux/netfilter.h (enum nf_inet_hooks), in the order of their numbers. */
export const inetHooks = ["prerouting", "input", "forward", "output", "postrouting"] as const;
/** include/uapi/linux/netfilter_bridge.h, in the order of their numbers. */
export const bridgeHooks = ["prerouting", "input", "forward", "output", "postrouting"] as const;
/** libnftnl's udata.h: a rule's user data begins with this where it is a comment. */
export const NFTNL_UDATA_RULE_COMMENT = 0;

/** include/uapi/linux/netfilter/nfnetlink_conntrack.h: messages, with the subsystem above the type. */
const NFNL_SUBSYS_CTNETLINK = 1 << 8;
export const CT_MSG = {
  GET: NFNL_SUBSYS_CTNETLINK | 1,
  DELETE: NFNL_SUBSYS_CTNETLINK | 2,
  GET_STATS: NFNL_SUBSYS_CTNETLINK | 5,
} as const;
export const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, ID: 12, ZONE: 18, FILTER: 25 } as const;
export const CTA_TUPLE_IP = 1;
/** The number of the source's address. The destination's is the next number. */
export const CTA_IP_SRC: Record<Family, number> = { 4: 1, 6: 3 };
export const CTA_FILTER = { ORIG_FLAGS: 1, REPLY_FLAGS: 2 } as const;
/** net/netfilter/nf_conntrack_netlink.c: CTA_FILTER_F_CTA_IP_SRC. */
export const CTA_FILTER_IP_SRC = 1;
export const CTA_STATS_GLOBAL_ENTRIES = 1;

/** include/uapi/linux/genetlink.h */
export const GENL_ID_CTRL = 16;
export const CTRL_CMD_GETFAMILY = 3;
export const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2 } as const;
/** include/uapi/linux/tcp_metrics.h */
export const TCP_METRICS_CMD_DEL = 2;
export const TCP_METRICS_ADDRESS: Record<Family, number> = { 4: 1, 6: 2 };
