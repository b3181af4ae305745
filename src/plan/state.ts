/**
 * The vocabulary of a node's state. What is desired and what is observed use the same one. A state is a set
 * of objects by key; the differences between two states become steps (diff.ts).
 */

import { clsactParent, sysctlName } from "./names.ts";
import { mainTable } from "./route-numbers.ts";

/** null means the node's own network namespace; otherwise it is the path of a pod's namespace. */
export type Netns = string | null;

/** The owner is "base" for what all pods share, otherwise it is the attachment's name. */
export type Owner = string;
export const baseOwner: Owner = "base";

export interface Sysctl {
  kind: "sysctl";
  /** The path below /proc/sys: "net/ipv4/ip_forward". */
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
   * Whether the bridge goes up without duplicate address detection. That detection begins at the moment it
   * goes up, and while the node has no usable address of its own it asks for no neighbour on behalf of a
   * sender that wants to reach a pod.
   */
  withoutDad?: true;
  /**
   * The settings that differ from those of a newly made bridge (usual.ts). When it is absent, there are none.
   */
  unusual?: string;
}

/** A device that is not ours. We set only its largest GSO unit. */
export interface HostLink {
  kind: "hostlink";
  /** When it is absent, the device is in the node's own namespace. */
  netns?: string;
  name: string;
  gsoMaxBytes: number;
  /**
   * IPv4's own limit, where it does not follow from `gsoMaxBytes` (gso.ts). When it is absent, it was not
   * asked for.
   */
  gsoIpv4MaxBytes?: number;
}

/** A device of ours. It hands on what is redirected to it, through the tree that it holds. */
export interface Ifb {
  kind: "ifb";
  name: string;
  mac: string;
  up: boolean;
}

/** The filter on a host interface. It leads packets that have our mark through the IFB (redirect.ts). */
export interface Redirect {
  kind: "redirect";
  dev: string;
  /** null means that the filter in our place does something else. */
  to: string | null;
}

/**
 * A pair that exists. `name` is its end on the node, `ifname` its end in the pod. The settings of the ends
 * are in `port` and `podlink`.
 */
export interface Veth {
  kind: "veth";
  name: string;
  netns: string;
  ifname: string;
}

/** The value of `netns` and `ifname` for a pair that was found only by its name on the node. */
export const unseenEnd = "unknown";

/** The node's end of a pair. */
export interface Port {
  kind: "port";
  name: string;
  mac: string;
  mtuBytes: number;
  /** null means that it is on no bridge. */
  bridge: string | null;
  hairpin: boolean;
  /**
   * One bit for each group address that a bridge normally keeps to itself. A bit that is set makes the bridge
   * forward that address like any other.
   */
  groupForwardMask: number;
  up: boolean;
  /**
   * The settings that differ from those of a newly made port (usual.ts). When it is absent, there are none.
   */
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
  /**
   * The settings that differ from those of a newly made link (usual.ts). When it is absent, there are none.
   */
  unusual?: string;
}

export interface Address {
  kind: "address";
  netns: Netns;
  dev: string;
  /** "10.244.1.2/24" */
  cidr: string;
  /** This is set on an address that is to be deleted while others of its subnet stay (gateways.ts). */
  keepsOthers?: true;
}

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
  /** null means that the route has no value of its own. */
  mtuBytes: number | null;
  advmssBytes: number | null;
}

/**
 * A route that the kernel makes by itself with an address: to the address's subnet, to the address itself, or
 * to the groups that its neighbours speak to. Somebody may delete it while the address stays, and then
 * nothing passes. It is put back only where the kernel will not do so itself (isImpliedBy, containment.ts).
 */
export interface KernelRoute {
  kind: "kernelroute";
  netns: Netns;
  role: "subnet" | "local" | "multicast";
  /**
   * What the route does, in the word of ip(8). Ours is "unicast", "local" or "multicast"; a route that stands
   * in its place may be "blackhole" or similar.
   */
  type: string;
  /** null means that the route in this place leads to no device (a blackhole). */
  dev: string | null;
  /** The subnet, the address with all its bits, or ff00::/8. */
  dst: string;
  gw: string | null;
  /**
   * For IPv4, the address that the route comes with. It is the source address of what is sent to the subnet
   * by this route. It is null for IPv6.
   */
  source: string | null;
}

/**
 * With this value of accept_ra an interface accepts advertisements whether the node forwards or not
 * (Documentation/networking/ip-sysctl.rst).
 */
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
 * `txQueueLength` is what the device is to have once the qdisc is attached or removed. Absent or null means
 * that the length stays as it is. Rates are in bytes per second. Bursts are as the kernel holds them, as time
 * in psched ticks of 64 ns (units.ts).
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
      /** null means that there is no threshold above which every packet is marked. */
      ceThresholdUs: number | null;
    }
  /** `shared` means that somebody else's filters are there too, so the qdisc stays. */
  | { type: "clsact"; shared: boolean; txQueueLength: number | null }
  /** What the kernel attaches by itself, or nothing. It may be replaced. */
  | { type: "default"; name: string; txQueueLength?: number }
  /** It belongs to somebody else and is never touched. */
  | { type: "foreign"; name: string };

export interface Qdisc {
  kind: "qdisc";
  dev: string;
  /** "root", a class ("fa00:1"), or the place of clsact. */
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
  /** The rules in their order. `id` is the rule's comment: its name and a digest of its text. */
  rules: { id: string; text: string }[];
  /** It is set on an observed chain that drops what its rules give no verdict on. Our chains accept it. */
  policy?: "drop";
}

/** The static part of the nftables table: all but the elements. */
export interface Ruleset {
  kind: "ruleset";
  table: string;
  sets: { name: string; kind: "set" | "map"; spec: string }[];
  chains: Chain[];
  /**
   * It is set on an observed table that somebody made dormant: the table is complete, but the kernel skips
   * it.
   */
  isDormant?: true;
}

export interface Element {
  kind: "element";
  set: string;
  key: string;
  /** The value in a map. It is null in a set. */
  value: string | null;
}

/** The setting's path below /proc/sys. */
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

/** What distinguishes routes to the same destination. It is empty where it is as usual for IPv4. */
function routePlaceText({ table, priority }: Route): string {
  const inTable = table === mainTable ? "" : ` table ${table}`;
  return `${inTable}${priority === 0 ? "" : ` metric ${priority}`}`;
}

/** Two objects with the same key are the same thing, perhaps with different settings. */
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
      // On the node the key leaves the device out, so that another device's route in this place is found
      // there.
      const { netns, role, dev, dst } = object;
      const through = netns !== null || role === "multicast" ? ` ${dev}` : "";
      return `kernelroute ${where(netns)} ${role} ${dst}${through}`;
    }
    case "ipv6setting":
      return `ipv6setting ${where(object.netns)} ${object.dev} ${object.name}`;
    // The key is the place and not the handle, so that another owner's qdisc in our place is found there.
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

/** The object's name as a person reads it. */
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
