/**
 * The observed state of what a desired state names, and of nothing else, so that one pod's verb does not read
 * the whole node.
 */
import { ownIpv4Bytes } from "../plan/gso.ts";
import { familyOf, isLinkLocal } from "../plan/ip.ts";
import * as names from "../plan/names.ts";
import { noHandle, type RootLook, takesFilters, whyForeign } from "../plan/root.ts";
import { kernelRoutePlace } from "../plan/routes.ts";
import {
  acceptRaForwarding,
  type Entry,
  type HostLink,
  type Ipv6Setting,
  ipv6Path,
  type KernelObject,
  type KernelRoute,
  type PodLink,
  type Qdisc,
  type QdiscSpec,
  type Redirect,
  type State,
  stateOf,
  type TrafficClass,
} from "../plan/state.ts";
import { burstBytes, burstBytesOfTbf } from "../plan/units.ts";
import { unusual } from "../plan/usual.ts";
import { Look } from "./look.ts";
import { routeTypes } from "./netlink/tables.ts";
import type { Link, RouteEntry } from "./read/links.ts";
import { readSysctl } from "./read/sysctl.ts";
import type { ClassEntry, QdiscEntry } from "./read/tc.ts";
import { setForm } from "./set-keys.ts";

function rootSpec(look: Look, dev: string, entry: QdiscEntry): QdiscSpec {
  if (entry.kind === "tbf" && entry.handle === names.tbfHandle && entry.tbf !== undefined)
    return {
      type: "tbf",
      burstBytes: burstBytesOfTbf(entry.tbf.burstTicks, entry.tbf.rateBytes),
      ...entry.tbf,
    };
  const name = `${entry.kind} ${entry.handle}`;
  const why = whyForeign(rootLook(look, dev, entry));
  if (why === null) return { type: "default", name };
  return { type: "foreign", name: why === "" ? name : `${name} (${why})` };
}

function rootLook(look: Look, dev: string, { kind, handle, fqCodel }: QdiscEntry): RootLook {
  return {
    kind,
    handle,
    fqCodel: fqCodel ?? null,
    // For a qdisc of somebody's own this matters only where that qdisc could be put back.
    isFiltered:
      takesFilters(kind) &&
      (handle === noHandle || kind === "fq_codel") &&
      look.filtered(dev, handle),
    mtuBytes: look.link(dev)?.mtuBytes ?? 0,
    // The other kinds have nothing below them.
    below:
      kind === "mq"
        ? look.qdiscs(dev).filter((q) => q.parent !== "root" && q.parent !== names.clsactParent)
        : [],
  };
}

/** The settings of a queue that is not a root's. */
export function innerSpec(entry: QdiscEntry): QdiscSpec {
  if (entry.htb !== undefined) return { type: "htb", ...entry.htb };
  if (entry.kind === "bfifo" && entry.fifo !== undefined)
    return { type: "bfifo", limitBytes: entry.fifo.limit };
  if (entry.fqCodel !== undefined) return entry.fqCodel;
  return { type: "default", name: entry.kind };
}

/** The `ingress` qdisc has the same place as clsact, but no room for a filter on egress. */
function hookSpec(look: Look, dev: string, { kind, handle }: QdiscEntry): QdiscSpec {
  return kind === "clsact"
    ? { type: "clsact", shared: look.filters(dev).others, txQueueLength: null }
    : { type: "foreign", name: `${kind} ${handle}` };
}

export function redirectObject(look: Look, dev: string): Redirect | null {
  const { own } = look.filters(dev);
  if (own === null) return null;
  const to = own.toIndex === null ? null : (look.linkNumbered(own.toIndex)?.name ?? null);
  return { kind: "redirect", dev, to };
}

export function qdiscObject(look: Look, dev: string, entry: QdiscEntry): Qdisc {
  const { parent, handle } = entry;
  if (parent === names.clsactParent)
    return { kind: "qdisc", dev, parent, handle, spec: hookSpec(look, dev, entry) };
  const spec = parent === "root" ? rootSpec(look, dev, entry) : innerSpec(entry);
  return { kind: "qdisc", dev, parent, handle, spec };
}

export function classObject(dev: string, { handle, parent, htb }: ClassEntry): TrafficClass | null {
  if (htb === undefined) return null;
  return {
    kind: "class",
    dev,
    classid: handle,
    parent,
    burstBytes: burstBytes(htb.burstTicks, htb.rateBytes),
    cburstBytes: burstBytes(htb.cburstTicks, htb.ceilBytes),
    ...htb,
  };
}

function podLinkObject(netns: string, link: Link): PodLink {
  const { name, mac, mtuBytes, gsoMaxBytes, up, settings } = link;
  return {
    kind: "podlink",
    netns,
    name,
    mac,
    mtuBytes,
    gsoMaxBytes,
    up,
    unusual: unusual("podlink", settings),
  };
}

/** The master of a link. null means that it has none. */
function masterOf(look: Look, { masterIndex }: Link): Link | null {
  return masterIndex === null ? null : look.linkNumbered(masterIndex);
}

/** The metric is not compared: a route with a metric of somebody's own leads there all the same. */
const isOfRole =
  ({ type, dst }: KernelRoute, table: number) =>
  (route: RouteEntry): boolean =>
    route.dst === dst && route.table === table && routeTypes[route.type] === type;

/**
 * The kernel makes this route a moment after the address is there (addrconf_dad_work, net/ipv6/addrconf.c).
 */
const addrconfMs = 20;

function kernelRoute(look: Look, want: KernelRoute, isSecondLook = false): KernelRoute | null {
  const { netns, role, dev, dst } = want;
  if (dev === null) return null;
  const { table, priority } = kernelRoutePlace(want);
  const through = netns === null ? look.routes(dev, familyOf(dst)) : look.pod(netns, dev).routes;
  const [found] = through.filter(isOfRole(want, table)).toSorted((a, b) => a.priority - b.priority);
  if (found !== undefined) return { ...want, gw: found.gw, source: found.source };
  const link = netns === null ? look.link(dev) : null;
  if (link === null) return null;
  // This route comes with the first port (addrconf_notify, net/ipv6/addrconf.c).
  if (role === "multicast") return link.isRunning ? null : want;
  if (role === "local" && familyOf(dst) === 6 && !isSecondLook) {
    Bun.sleepSync(addrconfMs);
    look.forgetRoutes();
    return kernelRoute(look, want, true);
  }
  // Another device's route in exactly this place, or a route that leads nowhere, prevents ours.
  const [other] = look
    .routesTo(dst)
    .filter((route) => route.table === table && route.priority === priority);
  if (other === undefined) return null;
  const to = other.oifIndex === null ? null : (look.linkNumbered(other.oifIndex)?.name ?? null);
  const type = routeTypes[other.type] ?? `type ${other.type}`;
  return { ...want, type, dev: to, gw: other.gw, source: other.source };
}

function hostLinkObject({ gsoIpv4MaxBytes: _, ...want }: HostLink, link: Link): HostLink {
  const { gsoMaxBytes } = link;
  return { ...want, gsoMaxBytes, ...ownIpv4Bytes(gsoMaxBytes, link.gsoIpv4MaxBytes) };
}

const withIpv6 = "net/ipv6/conf/all/forwarding";

function ipv6Setting(look: Look, want: Ipv6Setting): Ipv6Setting | null {
  const { netns, dev, name } = want;
  const value =
    netns === null ? readSysctl(ipv6Path(want)) : (look.pod(netns, dev).ipv6.get(name) ?? null);
  if (value === null) {
    // A kernel without IPv6 does nothing that would have to be switched off.
    const isOff = want.name !== "disable_ipv6" && want.value === "0";
    return isOff && readSysctl(withIpv6) === null ? want : null;
  }
  // The value "1" has no effect once the node forwards. So on a node that already forwards there is nothing
  // to keep.
  const isKept =
    want.value === acceptRaForwarding && (value !== "1" || readSysctl(withIpv6) === "1");
  return isKept ? want : { ...want, value };
}

/** The observed counterpart of one desired object. null means that it is absent. */
function counterpart(look: Look, want: KernelObject): KernelObject | null {
  switch (want.kind) {
    case "sysctl": {
      const value = readSysctl(want.path);
      return value === null ? null : { ...want, value };
    }
    case "ipv6setting":
      return ipv6Setting(look, want);
    case "bridge": {
      const link = look.link(want.name);
      if (link === null) return null;
      return {
        kind: "bridge",
        name: link.name,
        mac: link.mac,
        mtuBytes: link.mtuBytes,
        up: link.up,
        unusual: unusual("bridge", {
          ...link.settings,
          master: masterOf(look, link)?.name ?? "none",
        }),
      };
    }
    case "hostlink": {
      const link =
        want.netns === undefined ? look.link(want.name) : look.pod(want.netns, want.name).link;
      return link === null ? null : hostLinkObject(want, link);
    }
    case "ifb": {
      const link = look.link(want.name);
      return link === null ? null : { kind: "ifb", name: link.name, mac: link.mac, up: link.up };
    }
    case "redirect":
      return redirectObject(look, want.dev);
    case "veth": {
      const link = look.link(want.name);
      if (link === null) return null;
      const end = look.pod(want.netns, want.ifname).link;
      const paired = end !== null && end.index === link.peerIndex && end.peerIndex === link.index;
      return paired ? want : { ...want, netns: "elsewhere" };
    }
    case "port": {
      const link = look.link(want.name);
      if (link === null) return null;
      const bridge = masterOf(look, link);
      const { state: _, ...settings } = link.settings;
      return {
        kind: "port",
        name: link.name,
        mac: link.mac,
        mtuBytes: link.mtuBytes,
        bridge: bridge?.name ?? null,
        hairpin: link.hairpin ?? false,
        groupForwardMask: link.groupForwardMask ?? 0,
        up: link.up,
        // While the bridge is down no port passes anything, and all ports do once it is up.
        unusual: unusual("port", bridge?.up === true ? link.settings : settings),
      };
    }
    case "podlink": {
      const { link } = look.pod(want.netns, want.name);
      return link === null ? null : podLinkObject(want.netns, link);
    }
    case "address": {
      const there =
        want.netns === null ? look.addresses(want.dev) : look.pod(want.netns, want.dev).addresses;
      // A setting decides which link-local address an interface has (addr_gen_mode), so any one is enough.
      const isThere = isLinkLocal(want.cidr) ? there.some(isLinkLocal) : there.includes(want.cidr);
      return isThere ? want : null;
    }
    case "announcement":
      return look.pod(want.netns, want.dev).link === null ? null : want;
    case "kernelroute":
      return kernelRoute(look, want);
    case "route": {
      const { dst, table, priority } = want;
      const route = look
        .pod(want.netns, want.dev)
        .routes.find((r) => r.dst === dst && r.table === table && r.priority === priority);
      if (route === undefined) return null;
      const { gw, scope, mtuBytes, advmssBytes } = route;
      return { ...want, gw, scope, mtuBytes, advmssBytes };
    }
    case "qdisc": {
      const entry = look.qdisc(want.dev, want.parent);
      return entry === null ? null : qdiscObject(look, want.dev, entry);
    }
    case "class": {
      const entry = look.trafficClass(want.dev, want.classid);
      return entry === null ? null : classObject(want.dev, entry);
    }
    case "ruleset":
      return look.tables.ruleset(want.table);
    case "element":
      return look.element(want);
  }
}

/** From this number of classes of a device, or of elements, one dump is cheaper than a request for each. */
const dumpFrom = 8;

/** A base and a pod have ten to somewhat over twenty qdiscs, and one more for each host class. */
const qdiscDumpFrom = 32;

function preload(look: Look, desired: State): void {
  const asked = new Map<string, number>();
  for (const { object } of desired.values())
    if (object.kind === "class") asked.set(object.dev, (asked.get(object.dev) ?? 0) + 1);
  for (const [dev, count] of asked) if (count >= dumpFrom) look.loadClasses(dev);
  // Qdiscs can only be dumped for all devices at once.
  const queues = [...desired.values()].filter(({ object }) => object.kind === "qdisc");
  if (queues.length >= qdiscDumpFrom) look.loadQdiscs();
  const elements = new Map<string, number>();
  for (const { object } of desired.values())
    if (object.kind === "element") elements.set(object.set, (elements.get(object.set) ?? 0) + 1);
  for (const [set, count] of elements)
    if (count >= dumpFrom || setForm(set).isInterval) look.loadSet(set);
}

export function lookUp(look: Look, desired: State): Entry[] {
  preload(look, desired);
  return [...desired.values()].flatMap(({ owner, object }) => {
    const found = counterpart(look, object);
    return found === null ? [] : [{ owner, object: found }];
  });
}

/** The objects that exist of those that `desired` names. Throws where the kernel cannot tell. */
export function observe(desired: State): State {
  using look = new Look();
  return stateOf(lookUp(look, desired));
}
