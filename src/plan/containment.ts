/**
 * What stands on what: which objects must be there before which, and which the kernel takes away
 * with which.
 */
import { addressBits, familyOf, subnetOf } from "./ip.ts";
import { clsactParent, htbHandle, tableOfSet, tbfClass } from "./names.ts";
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
 * What must be there before what: a tree before a leaf, a pair before its addresses, a map before its
 * element. Elements name devices and classes without needing them, and come before a pod's link is up:
 * what it sends first is looked at already.
 */
const order: ObjectKind[] = [
  "ruleset",
  "element",
  "bridge",
  "ifb",
  "hostlink",
  "veth",
  "port",
  // Before an end is up, since going up begins what they forbid; before the node forwards, since that is
  // when an interface would stop to accept router advertisements.
  "ipv6setting",
  "sysctl",
  "podlink",
  "address",
  "kernelroute",
  "route",
  "qdisc",
  "class",
  // Nothing is led into a tree that is not whole.
  "redirect",
  // By now the port passes frames on nearly always.
  "announcement",
];

/** The class that a class hangs on in this state; null: none, or it is not in the state. */
export function parentClass({ dev, parent }: TrafficClass, state: State): TrafficClass | null {
  const above = state.get(`class ${dev} ${parent}`)?.object;
  return above?.kind === "class" ? above : null;
}

function ancestors(object: TrafficClass, state: State): number {
  const above = parentClass(object, state);
  return above === null ? 0 : 1 + ancestors(above, state);
}

/** Among qdiscs and classes: the root, the HTB, its root class, what hangs on that, then the queues. */
function depth(object: KernelObject, state: State): number {
  if (object.kind === "qdisc") {
    if (object.parent === "root") return 0;
    return object.parent === tbfClass ? 1 : 99;
  }
  return object.kind === "class" ? 2 + ancestors(object, state) : 0;
}

/** The place of an object of `state` in the order of making. */
export function rank(object: KernelObject, state: State): number {
  // Both kinds of a tree interleave by depth.
  const kind = object.kind === "class" ? "qdisc" : object.kind;
  return order.indexOf(kind) * 100 + depth(object, state);
}

/** The keys of all that an object vanishes with. Not of a class that has a class below it: the kernel refuses to delete that one. */
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

/** The names under which an object contains others. */
function containerKeys(object: KernelObject): string[] {
  return object.kind === "veth"
    ? [keyOf(object), `end ${object.netns} ${object.ifname}`]
    : [keyOf(object)];
}

/** Of each object, the first of `containers` that it vanishes with; null: none. */
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
 * Whether the kernel makes this route by itself in the course of these steps: with its address, or where its
 * device goes up, or is given IPv6 again.
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
