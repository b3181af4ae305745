/**
 * The vocabulary of a node's state, one for what is desired and what is observed.
 * A state is a set of objects by key; what differs between two states becomes steps (diff.ts).
 */

import { clsactParent, sysctlName } from "./names.ts";
import { mainTable } from "./route-numbers.ts";

/** null: the node's own network namespace. Otherwise the path of a pod's. */
export type Netns = string | null;

/** "base" for what all pods share, else the attachment's name. */
export type Owner = string;
export const baseOwner: Owner = "base";

export interface Sysctl {
  kind: "sysctl";
  /** As below /proc/sys: "net/ipv4/ip_forward". */
  path: string;
  value: string;
}

export interface Bridge {
  kind: "bridge";
  name: string;
  mac: string;
  mtuBytes: number;
  up: boolean;
  /**
   * Whether it goes up without duplicate address detection, which begins at that moment: without an
   * address of its own the node asks for no neighbour on behalf of who sends to a pod.
   */
  withoutDad?: true;
  /** What is not as a bridge is made (usual.ts). Absent: nothing. */
  unusual?: string;
}

/** A device that is not ours, of which we set one thing. */
export interface HostLink {
  kind: "hostlink";
  /** Absent: the node's own. */
  netns?: string;
  name: string;
  gsoMaxBytes: number;
  /** IPv4's own limit, where it is not what follows from `gsoMaxBytes` (gso.ts). Absent: not asked for. */
  gsoIpv4MaxBytes?: number;
}

/** A device of ours that hands on what is redirected to it, through the tree that it holds. */
export interface Ifb {
  kind: "ifb";
  name: string;
  mac: string;
  up: boolean;
}

/** The filter on a host interface that leads what has our mark through the IFB (redirect.ts). */
export interface Redirect {
  kind: "redirect";
  dev: string;
  /** null: what is in our place does something else. */
  to: string | null;
}

/** A pair that exists: `name` on the node, `ifname` in the pod. The settings of its ends are `port` and `podlink`. */
export interface Veth {
  kind: "veth";
  name: string;
  netns: string;
  ifname: string;
}

/** As `netns` and `ifname`: of a pair that was found by its name on the node alone. */
export const unseenEnd = "unknown";

/** The node's end of a pair. */
export interface Port {
  kind: "port";
  name: string;
  mac: string;
  mtuBytes: number;
  /** null: on no bridge. */
  bridge: string | null;
  hairpin: boolean;
  /** Which of the group addresses that a bridge keeps to itself are bridged like any other: a bit each. */
  groupForwardMask: number;
  up: boolean;
  /** What is not as a port is made (usual.ts). Absent: nothing. */
  unusual?: string;
}

/** The pod's end of a pair. */
export interface PodLink {
  kind: "podlink";
  netns: string;
  name: string;
  mac: string;
  mtuBytes: number;
  gsoMaxBytes: number;
  up: boolean;
  /** What is not as a link is made (usual.ts). Absent: nothing. */
  unusual?: string;
}

export interface Address {
  kind: "address";
  netns: Netns;
  dev: string;
  /** "10.244.1.2/24" */
  cidr: string;
  /** Of one that is to go: others of its subnet stay (gateways.ts). */
  keepsOthers?: true;
}

/**
 * That a pod's addresses are at its MAC, told to all on the bridge: who knew an address of a former pod
 * under another MAC forgets that one. What was told cannot be read back, so it counts as told once the
 * interface is there: who makes the interface tells it.
 */
export interface Announcement {
  kind: "announcement";
  netns: string;
  dev: string;
  mac: string;
  /** The node's end of the pair, which has to pass frames on by then. */
  port: string;
  /** Whether there are addresses of IPv6 to be told. */
  hasIpv6: boolean;
}

export interface Route {
  kind: "route";
  netns: string;
  dev: string;
  /** "0.0.0.0/0" for the default route. */
  dst: string;
  gw: string | null;
  table: number;
  priority: number;
  scope: number;
  /** null: none of the route's own. */
  mtuBytes: number | null;
  advmssBytes: number | null;
}

/**
 * A route that the kernel makes by itself with an address: to the address's subnet, to the address itself,
 * to the groups that its neighbours speak to. Somebody may take it away while the address stays, and then
 * nothing passes. It is put back only where the kernel will not do it (impliedBy, containment.ts).
 */
export interface KernelRoute {
  kind: "kernelroute";
  netns: Netns;
  role: "subnet" | "local" | "multicast";
  /** What it does, by ip's word: "unicast"; of one in its place "blackhole" and so on. */
  type: string;
  /** null: the route in this place leads to no device (a blackhole). */
  dev: string | null;
  /** The subnet, the address with all its bits, or ff00::/8. */
  dst: string;
  gw: string | null;
  /** With IPv4 the address that it comes with, under which who has the route speaks to the subnet; else null. */
  source: string | null;
}

/** accept_ra: whether the node forwards or not (Documentation/networking/ip-sysctl.rst). */
export const acceptRaForwarding = "2";

export const ipv6SettingNames = ["accept_dad", "accept_ra", "disable_ipv6"] as const;

/** A setting of one interface for IPv6 (net.ipv6.conf.DEV.NAME). */
export interface Ipv6Setting {
  kind: "ipv6setting";
  netns: Netns;
  dev: string;
  name: (typeof ipv6SettingNames)[number];
  value: string;
}

/**
 * `txQueueLength`: what the device is to have once it is attached, or gone; absent or null: what it has.
 * Rates in bytes per second; bursts as the kernel holds them, in time: psched ticks of 64 ns (units.ts).
 */
export type QdiscSpec =
  | {
      type: "tbf";
      rateBytes: number;
      burstBytes: number;
      burstTicks: number;
      limitBytes: number;
      txQueueLength?: number;
    }
  | { type: "htb"; defaultMinor: number }
  | { type: "bfifo"; limitBytes: number }
  | {
      type: "fq_codel";
      targetUs: number;
      intervalUs: number;
      limitPackets: number;
      memoryLimitBytes: number;
      flows: number;
      quantumBytes: number;
      dropBatchPackets: number;
      ecn: boolean;
      /** null: no threshold above which every packet is marked. */
      ceThresholdUs: number | null;
    }
  /** `shared`: somebody else's filters are there too, so it stays. */
  | { type: "clsact"; shared: boolean; txQueueLength: number | null }
  /** What the kernel attaches by itself, or nothing: may be replaced. */
  | { type: "default"; name: string; txQueueLength?: number }
  /** Somebody else's: never touched. */
  | { type: "foreign"; name: string };

export interface Qdisc {
  kind: "qdisc";
  dev: string;
  /** "root", a class ("fa00:1"), or where clsact sits. */
  parent: string;
  handle: string;
  spec: QdiscSpec;
}

export interface TrafficClass {
  kind: "class";
  dev: string;
  /** "fa01:10" */
  classid: string;
  /** "root" for the class below the qdisc itself. */
  parent: string;
  rateBytes: number;
  ceilBytes: number;
  burstBytes: number;
  burstTicks: number;
  cburstBytes: number;
  cburstTicks: number;
  quantumBytes: number;
  prio: number;
}

export interface Chain {
  name: string;
  type: string;
  hook: string;
  priority: number;
  /** In order. `id` is the rule's comment: its name and a digest of its text. */
  rules: { id: string; text: string }[];
  /** Seen of a chain that drops what its rules give no verdict on; ours accept it. */
  policy?: "drop";
}

/** The static part of the nftables table: all but the elements. */
export interface Ruleset {
  kind: "ruleset";
  table: string;
  sets: { name: string; kind: "set" | "map"; spec: string }[];
  chains: Chain[];
  /** Seen of a table that somebody put to sleep: it is all there, and the kernel passes it by. */
  isDormant?: true;
}

export interface Element {
  kind: "element";
  set: string;
  key: string;
  /** A map's value; null in a set. */
  value: string | null;
}

/** As below /proc/sys. */
export const ipv6Path = ({ dev, name }: Pick<Ipv6Setting, "dev" | "name">): string =>
  `net/ipv6/conf/${dev}/${name}`;

export type KernelObject =
  | Sysctl
  | Bridge
  | HostLink
  | Ifb
  | Redirect
  | Veth
  | Port
  | PodLink
  | Ipv6Setting
  | Address
  | Announcement
  | Route
  | KernelRoute
  | Qdisc
  | TrafficClass
  | Ruleset
  | Element;

export type ObjectKind = KernelObject["kind"];

export interface Entry {
  owner: Owner;
  object: KernelObject;
}

export type State = Map<string, Entry>;

const where = (netns: Netns): string => netns ?? "node";

/** What tells routes to one destination apart, where it is not as usual for IPv4. */
function routePlaceText({ table, priority }: Route): string {
  const inTable = table === mainTable ? "" : ` table ${table}`;
  return `${inTable}${priority === 0 ? "" : ` metric ${priority}`}`;
}

/** What makes two objects the same thing with other settings. */
export function keyOf(object: KernelObject): string {
  switch (object.kind) {
    case "sysctl":
      return `sysctl ${object.path}`;
    case "bridge":
      return `bridge ${object.name}`;
    case "hostlink":
      return `hostlink ${object.netns === undefined ? "" : `${object.netns} `}${object.name}`;
    case "ifb":
      return `ifb ${object.name}`;
    case "redirect":
      return `redirect ${object.dev}`;
    case "veth":
      return `veth ${object.name}`;
    case "port":
      return `port ${object.name}`;
    case "podlink":
      return `podlink ${object.netns} ${object.name}`;
    case "address":
      return `address ${where(object.netns)} ${object.dev} ${object.cidr}`;
    case "announcement":
      return `announcement ${object.netns} ${object.dev}`;
    case "route":
      return `route ${object.netns} ${object.dst}${routePlaceText(object)}`;
    case "kernelroute": {
      // On the node another device's route in this place is found there.
      const { netns, role, dev, dst } = object;
      const through = netns !== null || role === "multicast" ? ` ${dev}` : "";
      return `kernelroute ${where(netns)} ${role} ${dst}${through}`;
    }
    case "ipv6setting":
      return `ipv6setting ${where(object.netns)} ${object.dev} ${object.name}`;
    // By place, not by handle: another owner's qdisc in our place is found there.
    case "qdisc":
      return `qdisc ${object.dev} ${object.parent}`;
    case "class":
      return `class ${object.dev} ${object.classid}`;
    case "ruleset":
      return `ruleset ${object.table}`;
    case "element":
      return `element ${object.set} ${object.key}`;
  }
}

const kernelRouteWords: Record<KernelRoute["role"], string> = {
  subnet: "route to",
  local: "route to its own address",
  multicast: "route to the groups",
};

/** The same for a person. */
export function titleOf(object: KernelObject): string {
  switch (object.kind) {
    case "sysctl":
      return `sysctl ${sysctlName(object.path)}`;
    case "bridge":
      return `bridge ${object.name}`;
    case "hostlink":
      return `${object.netns === undefined ? "" : "pod "}interface ${object.name}`;
    case "ifb":
      return `IFB ${object.name}`;
    case "redirect":
      return `redirect of ${object.dev} to the ingress tree`;
    case "veth":
      return object.ifname === unseenEnd
        ? `veth pair ${object.name}`
        : `veth pair ${object.name} - ${object.ifname}`;
    case "port":
      return `host interface ${object.name}`;
    case "podlink":
      return `pod interface ${object.name}`;
    case "address":
      return `address ${object.cidr} on ${object.dev}`;
    case "announcement":
      return `announcement of ${object.dev}`;
    case "route":
      return `route ${object.dst} on ${object.dev}${routePlaceText(object)}`;
    case "kernelroute":
      return `${object.netns === null ? "the node's" : "the pod's own"} ${kernelRouteWords[object.role]} ${object.dst}${object.dev === null ? "" : ` on ${object.dev}`}`;
    case "ipv6setting":
      return `IPv6 setting ${object.name} of ${object.dev}`;
    case "qdisc":
      if (object.parent === clsactParent) return `clsact qdisc of ${object.dev}`;
      return object.parent === "root"
        ? `root qdisc of ${object.dev}`
        : `qdisc of class ${object.parent} on ${object.dev}`;
    case "class":
      return `class ${object.classid} on ${object.dev}`;
    case "ruleset":
      return `nftables table ${object.table}`;
    case "element":
      return `element ${object.key} of ${object.set}`;
  }
}

export function stateOf(entries: Iterable<Entry>): State {
  const state: State = new Map();
  for (const entry of entries) state.set(keyOf(entry.object), entry);
  return state;
}

export function merge(...states: State[]): State {
  return stateOf(states.flatMap((state) => [...state.values()]));
}
