/**
 * The observed state. Only what a desired state names is looked up, so that one pod's verb does not
 * read a whole node; `observeOurs` adds what bears our names and is nobody's.
 */
import { families } from "../plan/ip.ts";
import * as names from "../plan/names.ts";
import {
  acceptRaForwarding,
  baseOwner,
  type Element,
  type Entry,
  type Ipv6Setting,
  ipv6Path,
  ipv6SettingNames,
  type KernelObject,
  type Owner,
  type PodLink,
  type Qdisc,
  type QdiscSpec,
  type Redirect,
  type State,
  stateOf,
  type TrafficClass,
  unseenEnd,
} from "../plan/state.ts";
import { burstBytes, burstBytesOfTbf } from "../plan/units.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { inNetnsIfThere } from "./netns.ts";
import { clsactFilters, type HookFilters } from "./read/filters.ts";
import {
  addressesOf,
  allLinks,
  type Link,
  linkNamed,
  linkNumbered,
  type RouteEntry,
  routesOf,
} from "./read/links.ts";
import { readSysctl } from "./read/sysctl.ts";
import { TableReader } from "./read/tables.ts";
import {
  allQdiscs,
  type ClassEntry,
  classesOf,
  classNumbered,
  hasFilters,
  type QdiscEntry,
  qdiscAt,
} from "./read/tc.ts";
import { setForm, setsOf } from "./set-keys.ts";

/** What the kernel attaches by itself (net.core.default_qdisc and the driver's choice). */
const defaultRoots = new Set(["noqueue", "mq", "pfifo_fast", "fq_codel", "fq"]);

interface PodView {
  link: Link | null;
  addresses: string[];
  routes: RouteEntry[];
  ipv6: Map<Ipv6Setting["name"], string>;
}

/** One look at the kernel: each table is read at most once. */
class Look implements Disposable {
  readonly #socket = new NetlinkSocket();
  readonly #links = new Map<string, Link | null>();
  readonly #classes = new Map<string, Map<string, ClassEntry>>();
  readonly #pods = new Map<string, PodView>();
  #qdiscs: QdiscEntry[] | undefined;
  readonly #sets = new Map<string, Map<string, Element>>();
  readonly #filters = new Map<string, HookFilters>();
  #tables: TableReader | undefined;

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    this.#tables?.[Symbol.dispose]();
  }

  link(name: string): Link | null {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = linkNamed(this.#socket, name);
    this.#links.set(name, link);
    return link;
  }

  linkNumbered(index: number): Link | null {
    return linkNumbered(this.#socket, index);
  }

  links(): Link[] {
    return allLinks(this.#socket);
  }

  addresses(dev: string): string[] {
    const link = this.link(dev);
    return link === null ? [] : addressesOf(this.#socket, link.index);
  }

  get tables(): TableReader {
    this.#tables ??= new TableReader();
    return this.#tables;
  }

  /** Reads a set whole, for when many of its elements are asked for. */
  loadSet(set: string): Element[] {
    const elements = this.tables.elements(set);
    this.#sets.set(set, new Map(elements.map((element) => [element.key, element])));
    return elements;
  }

  element({ set, key }: Element): Element | null {
    const loaded = this.#sets.get(set);
    return loaded === undefined ? this.tables.element(set, key) : (loaded.get(key) ?? null);
  }

  qdiscs(dev: string): QdiscEntry[] {
    const link = this.link(dev);
    if (link === null) return [];
    return this.loadQdiscs().filter((q) => q.ifindex === link.index);
  }

  loadQdiscs(): QdiscEntry[] {
    this.#qdiscs ??= allQdiscs(this.#socket);
    return this.#qdiscs;
  }

  qdisc(dev: string, parent: string): QdiscEntry | null {
    if (this.#qdiscs !== undefined)
      return this.qdiscs(dev).find((q) => q.parent === parent) ?? null;
    const link = this.link(dev);
    return link === null ? null : qdiscAt(this.#socket, link.index, parent);
  }

  clsacts(): string[] {
    this.#qdiscs ??= allQdiscs(this.#socket);
    const found = new Set(this.#qdiscs.filter((q) => q.kind === "clsact").map((q) => q.ifindex));
    return this.links().flatMap(({ index, name }) => (found.has(index) ? [name] : []));
  }

  filters(dev: string): HookFilters {
    const known = this.#filters.get(dev);
    if (known !== undefined) return known;
    const link = this.link(dev);
    const hasHook = this.qdisc(dev, names.clsactParent)?.kind === "clsact";
    const found =
      link === null || !hasHook
        ? { own: null, others: false }
        : clsactFilters(this.#socket, link.index);
    this.#filters.set(dev, found);
    return found;
  }

  /** Reads a device's classes whole, for when many are asked for. */
  loadClasses(dev: string): Map<string, ClassEntry> {
    const link = this.link(dev);
    const classes = new Map<string, ClassEntry>();
    if (link !== null)
      for (const c of classesOf(this.#socket, link.index)) classes.set(c.handle, c);
    this.#classes.set(dev, classes);
    return classes;
  }

  trafficClass(dev: string, classid: string): ClassEntry | null {
    const loaded = this.#classes.get(dev);
    if (loaded !== undefined) return loaded.get(classid) ?? null;
    const link = this.link(dev);
    return link === null ? null : classNumbered(this.#socket, link.index, classid);
  }

  filtered(dev: string, handle: string): boolean {
    const link = this.link(dev);
    return link !== null && hasFilters(this.#socket, link.index, handle);
  }

  /** A namespace that is gone holds nothing. */
  pod(netns: string, dev: string): PodView {
    const key = `${netns} ${dev}`;
    const known = this.#pods.get(key);
    if (known !== undefined) return known;
    const view = inNetnsIfThere(netns, () => readPod(dev)) ?? emptyPod;
    this.#pods.set(key, view);
    return view;
  }
}

const emptyPod: PodView = { link: null, addresses: [], routes: [], ipv6: new Map() };

function readPod(dev: string): PodView {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, dev);
  if (link === null) return emptyPod;
  const routes = families
    .flatMap((family) => routesOf(socket, family))
    .filter((r) => r.oifIndex === link.index);
  const ipv6 = new Map(
    ipv6SettingNames.flatMap((name): [Ipv6Setting["name"], string][] => {
      const value = readSysctl(ipv6Path({ dev, name }));
      return value === null ? [] : [[name, value]];
    }),
  );
  return { link, addresses: addressesOf(socket, link.index), routes, ipv6 };
}

function rootSpec(look: Look, dev: string, entry: QdiscEntry): QdiscSpec {
  if (entry.kind === "tbf" && entry.handle === names.tbfHandle && entry.tbf !== undefined)
    return {
      type: "tbf",
      burstBytes: burstBytesOfTbf(entry.tbf.burstTicks, entry.tbf.rateBytes),
      ...entry.tbf,
    };
  // mq and noqueue take no filters; on the others one is somebody's work.
  const plain =
    defaultRoots.has(entry.kind) &&
    !(entry.kind === "fq_codel" && look.filtered(dev, entry.handle));
  return { type: plain ? "default" : "foreign", name: `${entry.kind} ${entry.handle}` };
}

/** The settings of a queue that is not a root's. */
export function innerSpec(entry: QdiscEntry): QdiscSpec {
  if (entry.htb !== undefined) return { type: "htb", ...entry.htb };
  if (entry.kind === "bfifo" && entry.fifo !== undefined)
    return { type: "bfifo", limitBytes: entry.fifo.limit };
  if (entry.fqCodel !== undefined) return entry.fqCodel;
  return { type: "default", name: entry.kind };
}

/** `ingress` has the same place as clsact, and room for no filter on egress. */
function hookSpec(look: Look, dev: string, { kind, handle }: QdiscEntry): QdiscSpec {
  return kind === "clsact"
    ? { type: "clsact", shared: look.filters(dev).others, txQueueLength: null }
    : { type: "foreign", name: `${kind} ${handle}` };
}

function redirectObject(look: Look, dev: string): Redirect | null {
  const { own } = look.filters(dev);
  if (own === null) return null;
  const to = own.toIndex === null ? null : (look.linkNumbered(own.toIndex)?.name ?? null);
  return { kind: "redirect", dev, to };
}

function qdiscObject(look: Look, dev: string, entry: QdiscEntry): Qdisc {
  const { parent, handle } = entry;
  if (parent === names.clsactParent)
    return { kind: "qdisc", dev, parent, handle, spec: hookSpec(look, dev, entry) };
  const spec = parent === "root" ? rootSpec(look, dev, entry) : innerSpec(entry);
  return { kind: "qdisc", dev, parent, handle, spec };
}

function classObject(dev: string, { handle, parent, htb }: ClassEntry): TrafficClass | null {
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
  const { name, mac, mtuBytes, gsoMaxBytes, up } = link;
  return { kind: "podlink", netns, name, mac, mtuBytes, gsoMaxBytes, up };
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
  // "1" ends where the node forwards: on a node that does, there is nothing to keep.
  const isKept =
    want.value === acceptRaForwarding && (value !== "1" || readSysctl(withIpv6) === "1");
  return isKept ? want : { ...want, value };
}

/** The observed counterpart of one desired object; null: absent. */
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
      };
    }
    case "hostlink": {
      const link =
        want.netns === undefined ? look.link(want.name) : look.pod(want.netns, want.name).link;
      return link === null ? null : { ...want, gsoMaxBytes: link.gsoMaxBytes };
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
      const master = link.masterIndex === null ? null : look.linkNumbered(link.masterIndex);
      return {
        kind: "port",
        name: link.name,
        mac: link.mac,
        mtuBytes: link.mtuBytes,
        bridge: master?.name ?? null,
        hairpin: link.hairpin ?? false,
        groupForwardMask: link.groupForwardMask ?? 0,
        up: link.up,
      };
    }
    case "podlink": {
      const { link } = look.pod(want.netns, want.name);
      return link === null ? null : podLinkObject(want.netns, link);
    }
    case "address": {
      const there =
        want.netns === null ? look.addresses(want.dev) : look.pod(want.netns, want.dev).addresses;
      return there.includes(want.cidr) ? want : null;
    }
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

/** From this many classes of a device, or elements, on, one dump is cheaper than a request for each. */
const dumpFrom = 8;

/** A base and a pod have ten to twenty-odd: one more host class each. */
const qdiscDumpFrom = 32;

function preload(look: Look, desired: State): void {
  const asked = new Map<string, number>();
  for (const { object } of desired.values())
    if (object.kind === "class") asked.set(object.dev, (asked.get(object.dev) ?? 0) + 1);
  for (const [dev, count] of asked) if (count >= dumpFrom) look.loadClasses(dev);
  // Qdiscs are dumped of all devices or not at all.
  const queues = [...desired.values()].filter(({ object }) => object.kind === "qdisc");
  if (queues.length >= qdiscDumpFrom) look.loadQdiscs();
  const elements = new Map<string, number>();
  for (const { object } of desired.values())
    if (object.kind === "element") elements.set(object.set, (elements.get(object.set) ?? 0) + 1);
  for (const [set, count] of elements)
    if (count >= dumpFrom || setForm(set).isInterval) look.loadSet(set);
}

function lookUp(look: Look, desired: State): Entry[] {
  preload(look, desired);
  return [...desired.values()].flatMap(({ owner, object }) => {
    const found = counterpart(look, object);
    return found === null ? [] : [{ owner, object: found }];
  });
}

/** What there is of what `desired` names. Throws where the kernel cannot say. */
export function observe(desired: State): State {
  using look = new Look();
  return stateOf(lookUp(look, desired));
}

const nobody: Owner = baseOwner;

const leftover = (object: KernelObject): Entry => ({ owner: nobody, object });

/** The anti-spoofing table while nobody wants it: it holds pods to elements that none of them gets any more. */
function unwantedGuard(look: Look, desired: State): Entry[] {
  const wanted = [...desired.values()].some(
    ({ object }) => object.kind === "ruleset" && object.table === names.guardTable,
  );
  const found = wanted ? null : look.tables.ruleset(names.guardTable);
  return found === null ? [] : [leftover(found)];
}

/** As `observe`, for a desired state that has the base in it. */
export function observeShared(desired: State): State {
  using look = new Look();
  return stateOf([...unwantedGuard(look, desired), ...lookUp(look, desired)]);
}

/**
 * As `observeShared`, and the elements of the sets that only the base fills: what a former configuration
 * left there may overlap what the new one wants.
 */
export function observeBase(desired: State): State {
  using look = new Look();
  const elements = setsOf(names.table)
    .filter(({ name }) => name !== names.portSet && !Object.values(names.classMap).includes(name))
    .flatMap(({ name }) => look.loadSet(name));
  return stateOf([
    ...unwantedGuard(look, desired),
    ...elements.map(leftover),
    ...lookUp(look, desired),
  ]);
}

/** On our bridge, or with the MAC that we give it on none, as an ADD that died leaves it. */
function isOurPair({ name, mac, masterIndex }: Link, bridgeIndex: number | undefined): boolean {
  const minor = names.minorOfHostVeth(name);
  if (minor === null) return false;
  return masterIndex === null ? mac === names.hostMac(minor) : masterIndex === bridgeIndex;
}

/** What bears our names on these devices: pairs, classes and queues in our trees, elements of our sets. */
function ours(look: Look, bridge: string, devices: string[]): KernelObject[] {
  const bridgeIndex = look.link(bridge)?.index;
  const pairs = look
    .links()
    .filter((l) => l.type === "veth" && isOurPair(l, bridgeIndex))
    .map(
      (l): KernelObject => ({ kind: "veth", name: l.name, netns: unseenEnd, ifname: unseenEnd }),
    );
  const inTrees = devices.flatMap((dev): KernelObject[] => {
    const queues = look
      .qdiscs(dev)
      .filter((q) => q.parent.startsWith(names.htbHandle))
      .map((q) => qdiscObject(look, dev, q));
    const classes = [...look.loadClasses(dev).values()].flatMap((c) => classObject(dev, c) ?? []);
    return [...queues, ...classes.filter((c) => c.classid.startsWith(names.htbHandle))];
  });
  const elements = [names.table, names.guardTable]
    .flatMap(setsOf)
    .flatMap(({ name }) => look.loadSet(name));
  return [...pairs, ...inTrees, ...redirects(look), ...elements];
}

/** Our filters, wherever they are, with the hook that they stand in. */
function redirects(look: Look): KernelObject[] {
  return look.clsacts().flatMap((dev): KernelObject[] => {
    const redirect = redirectObject(look, dev);
    // In our place, and not ours: that is told where it is wanted.
    if (redirect?.to == null) return [];
    const hooks = look.qdiscs(dev).filter(({ parent }) => parent === names.clsactParent);
    return [redirect, ...hooks.map((entry) => qdiscObject(look, dev, entry))];
  });
}

/** All of our filters of a node, and our IFB, for who does not know what to look for. */
export function observeRedirects(): State {
  using look = new Look();
  return stateOf(redirects(look).map(leftover));
}

/** As `observeShared`, and what is ours there without being desired: leftovers. */
export function observeOurs(desired: State, bridge: string, devices: string[]): State {
  using look = new Look();
  const left = ours(look, bridge, devices).map(leftover);
  // What was looked up knows its owner, so it comes last.
  return stateOf([...unwantedGuard(look, desired), ...left, ...lookUp(look, desired)]);
}
