/**
 * How objects depend on each other: which must exist before which, and which the kernel deletes together with
 * which.
 */
import { addressBits, familyOf } from "./ip.ts";
import { clsactParent, htbHandle, tableOfSet, tbfClass } from "./names.ts";
import { subnetOf } from "./prefix.ts";
import {
  type Address,
  type KernelObject,
  type KernelRoute,
  keyOf,
  type ObjectKind,
  type State,
  type TrafficClass,
} from "./state.ts";

/**
 * The order in which objects are made: a tree before a leaf, a pair before its addresses, a map before its
 * element. Elements name devices and classes without needing them to exist. They come before a pod's link is
 * up, so that even the first packets of the pod are checked.
 */
const order: ObjectKind[] = [
  "ruleset",
  "element",
  "bridge",
  "ifb",
  "hostlink",
  "veth",
  "port",
  // This comes before an end is up, because going up begins what these settings forbid. It also comes before
  // the node forwards, because an interface stops accepting router advertisements at that moment.
  "ipv6setting",
  "sysctl",
  "podlink",
  "address",
  "kernelroute",
  "route",
  "qdisc",
  "class",
  // Nothing is led into a tree that is not complete.
  "redirect",
  // By this time the port almost always passes frames on.
  "announcement",
];

/**
 * The parent class of a class in this state. null means that it has none, or that the state does not hold it.
 */
export function parentClass({ dev, parent }: TrafficClass, state: State): TrafficClass | null {
  const above = state.get(`class ${dev} ${parent}`)?.object;
  return above?.kind === "class" ? above : null;
}

function ancestors(object: TrafficClass, state: State): number {
  const above = parentClass(object, state);
  return above === null ? 0 : 1 + ancestors(above, state);
}

/**
 * The depth among qdiscs and classes: first the root, then the HTB, its root class, the classes below that,
 * and last the queues.
 */
function depth(object: KernelObject, state: State): number {
  if (object.kind === "qdisc") {
    if (object.parent === "root") return 0;
    return object.parent === tbfClass ? 1 : 99;
  }
  return object.kind === "class" ? 2 + ancestors(object, state) : 0;
}

/** The place of an object of `state` in the order of making. */
export function rank(object: KernelObject, state: State): number {
  // The qdiscs and classes of a tree are ordered together, by depth.
  const kind = object.kind === "class" ? "qdisc" : object.kind;
  return order.indexOf(kind) * 100 + depth(object, state);
}

/**
 * The keys of all objects that this object is deleted with. A class that has a class below it is not among
 * them: the kernel refuses to delete it.
 */
function containersOf(object: KernelObject): string[] {
  switch (object.kind) {
    case "qdisc":
    case "class": {
      const { dev, parent } = object;
      if (parent === clsactParent) return [];
      const containers = [`bridge ${dev}`, `ifb ${dev}`];
      if (object.kind === "qdisc" && parent === "root") return containers;
      containers.push(`qdisc ${dev} root`);
      if (object.kind === "qdisc" && !parent.startsWith(htbHandle)) return containers;
      containers.push(`qdisc ${dev} ${tbfClass}`);
      return object.kind === "class" ? containers : [...containers, `class ${dev} ${parent}`];
    }
    case "port":
      return [`veth ${object.name}`];
    case "podlink":
      return [`end ${object.netns} ${object.name}`];
    case "announcement":
      return [`end ${object.netns} ${object.dev}`];
    case "address":
    case "ipv6setting":
    case "kernelroute":
      return [object.netns === null ? `bridge ${object.dev}` : `end ${object.netns} ${object.dev}`];
    case "sysctl": {
      const [, dev] = /\/conf\/([^/]+)\//.exec(object.path) ?? [];
      return dev === undefined ? [] : [`bridge ${dev}`];
    }
    case "route":
      return [`end ${object.netns} ${object.dev}`];
    case "redirect":
      return [`qdisc ${object.dev} ${clsactParent}`];
    case "element":
      return [`ruleset ${tableOfSet(object.set)}`];
    default:
      return [];
  }
}

/** The keys under which other objects name this one as their container. */
function containerKeys(object: KernelObject): string[] {
  return object.kind === "veth"
    ? [keyOf(object), `end ${object.netns} ${object.ifname}`]
    : [keyOf(object)];
}

/** For each object, the first of `containers` that it is deleted with. null means none. */
export function containerIn(
  containers: Iterable<KernelObject>,
): (object: KernelObject) => KernelObject | null {
  const byKey = new Map<string, KernelObject>();
  for (const container of containers)
    for (const key of containerKeys(container)) byKey.set(key, container);
  return (object) => {
    for (const key of containersOf(object)) {
      const container = byKey.get(key);
      if (container !== undefined) return container;
    }
    return null;
  };
}

function comesWith({ role, dst }: KernelRoute, { cidr }: Address): boolean {
  const [address = ""] = cidr.split("/");
  return role === "subnet"
    ? subnetOf(cidr) === dst
    : dst === `${address}/${addressBits[familyOf(cidr)]}`;
}

/**
 * Whether the kernel makes this route by itself in the course of these steps. It does so with the route's
 * address, and where the route's device goes up or is given IPv6 again.
 */
export function isImpliedBy(
  route: KernelRoute,
  changes: Iterable<{ want: KernelObject | null; have: KernelObject | null }>,
): boolean {
  const { netns, dev } = route;
  const family = familyOf(route.dst);
  for (const { want, have } of changes) {
    if (want === null) continue;
    switch (want.kind) {
      case "address":
        if (want.netns === netns && want.dev === dev && comesWith(route, want)) return true;
        break;
      case "ipv6setting":
        if (
          want.netns === netns &&
          want.dev === dev &&
          want.name === "disable_ipv6" &&
          family === 6
        )
          return true;
        break;
      case "bridge":
        if (netns === null && want.name === dev && !(have?.kind === "bridge" && have.up))
          return true;
        break;
      case "podlink":
        if (want.netns === netns && want.name === dev && !(have?.kind === "podlink" && have.up))
          return true;
        break;
    }
  }
  return false;
}
