/** One look at the kernel. What is asked for several times is read only once. */
import { type Family, families, familyOf } from "../plan/ip.ts";
import type { Element } from "../plan/kinds/element.ts";
import { type Ipv6Setting, ipv6Path, ipv6SettingNames } from "../plan/kinds/ipv6setting.ts";
import * as names from "../plan/names.ts";
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
  routesThrough,
  routesTo,
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

interface PodView {
  link: Link | null;
  addresses: string[];
  routes: RouteEntry[];
  ipv6: Map<Ipv6Setting["name"], string>;
}

/** Each table is read at most once. */
export class Look implements Disposable {
  readonly #socket = new NetlinkSocket();
  readonly #links = new Map<string, Link | null>();
  readonly #classes = new Map<string, Map<string, ClassEntry>>();
  readonly #routes = new Map<string, RouteEntry[]>();
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

  /** null means that the link has no master. */
  masterOf({ masterIndex }: Link): Link | null {
    return masterIndex === null ? null : this.linkNumbered(masterIndex);
  }

  links(): Link[] {
    return allLinks(this.#socket);
  }

  addresses(dev: string): string[] {
    const link = this.link(dev);
    return link === null ? [] : addressesOf(this.#socket, link.index);
  }

  /** The node's routes through a device. */
  routes(dev: string, family: Family): RouteEntry[] {
    const key = `${family} ${dev}`;
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const link = this.link(dev);
    const routes = link === null ? [] : routesThrough(this.#socket, family, link.index);
    this.#routes.set(key, routes);
    return routes;
  }

  /** Routes that were read before will be read again. */
  forgetRoutes(): void {
    this.#routes.clear();
  }

  /** The node's routes to a destination, through any device. */
  routesTo(dst: string): RouteEntry[] {
    return routesTo(this.#socket, familyOf(dst), dst);
  }

  get tables(): TableReader {
    this.#tables ??= new TableReader();
    return this.#tables;
  }

  /** Reads a whole set, for when many of its elements are asked for. */
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

  /** Reads all classes of a device, for when many are asked for. */
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

  /** For a namespace that is gone the view is empty. */
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
