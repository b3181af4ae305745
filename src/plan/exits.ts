/**
 * Where the pods' packets leave the node by another way than the uplink. There they pass no tree, so no
 * guarantee and no limit holds for them.
 */
import { type Prefix, prefixText } from "./prefix.ts";

export interface ExitLink {
  index: number;
  name: string;
  /** "bridge", "vxlan" and so on. It is null for a physical device. */
  type: string | null;
  /** The device below this one (of a VLAN), or the device that a port belongs to. null means none. */
  lowerIndex: number | null;
  masterIndex: number | null;
}

export interface ExitRoute {
  dst: Prefix;
  type: string;
  hops: { gw: Uint8Array | null; oifIndex: number | null }[];
}

export interface Exit {
  dev: string;
  /** Networks, in the form in which ip(8) writes them. */
  destinations: string[];
}

/**
 * What is sent into one of these devices comes out in packets of the node's own. As a rule those take the
 * uplink and are in the pod's class there, because the priority survives encapsulation.
 */
const tunnels = new Set([
  "vxlan",
  "geneve",
  "gre",
  "gretap",
  "ip6gre",
  "ip6gretap",
  "ipip",
  "sit",
  "ip6tnl",
  "wireguard",
  "tun",
  "xfrm",
  "vti",
  "vti6",
]);

/** Devices that lead to something on this node, and not out of it. */
const local = new Set(["dummy", "ifb", "nlmon", "vcan"]);

/** Devices that stand on another device. Their packets leave by that one. */
const stacked = new Set(["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"]);

class Links {
  readonly #all: ReadonlyMap<number, ExitLink>;
  readonly #uplink: number;

  constructor(links: readonly ExitLink[], uplink: number) {
    this.#all = new Map(links.map((link) => [link.index, link]));
    this.#uplink = uplink;
  }

  /**
   * The device by which a packet leaves the node. null means that it does not leave, or that it takes the
   * uplink.
   */
  exitOf(index: number, depth = 0): ExitLink | null {
    const link = this.#all.get(index);
    // A device that stands on itself would be a fault of the kernel. The search ends in that case, too.
    if (link === undefined || index === this.#uplink || depth > this.#all.size) return null;
    const { type, name, lowerIndex } = link;
    if (name === "lo" || (type !== null && (tunnels.has(type) || local.has(type)))) return null;
    if (type === "bridge") return this.#portOut(index, depth);
    if (type !== null && stacked.has(type) && lowerIndex !== null)
      return this.exitOf(lowerIndex, depth + 1) === null ? null : link;
    return link;
  }

  /**
   * A bridge that has a network card among its ports leads out of the node. A bridge that has only containers
   * does not.
   */
  #portOut(index: number, depth: number): ExitLink | null {
    const ports = [...this.#all.values()].filter(
      ({ masterIndex, type }) => masterIndex === index && type !== "veth" && type !== "tun",
    );
    return ports.some((port) => this.exitOf(port.index, depth + 1) !== null)
      ? (this.#all.get(index) ?? null)
      : null;
  }
}

/**
 * Whether the route leads to a single address without a next hop. Then it is a pod or a container on this
 * node.
 */
const isNeighbour = ({ dst, hops }: ExitRoute): boolean =>
  dst.length === dst.bytes.length * 8 && hops.every(({ gw }) => gw === null);

/** Whether a router may lead to this destination. Link-local addresses and groups are never behind one. */
const isRouted = ({ dst: { bytes } }: ExitRoute): boolean =>
  bytes.length === 4 ||
  (!(bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80) && bytes[0] !== 0xff);

/**
 * `routes` are those of all tables but the local one. Whether a table is used is decided by the node's rules.
 */
export function exitsBeside(
  uplink: number,
  bridge: number | null,
  links: readonly ExitLink[],
  routes: readonly ExitRoute[],
): Exit[] {
  const known = new Links(links, uplink);
  const found = new Map<string, Set<string>>();
  for (const route of routes) {
    if (route.type !== "unicast" || isNeighbour(route) || !isRouted(route)) continue;
    for (const { oifIndex } of route.hops) {
      const exit = oifIndex === null || oifIndex === bridge ? null : known.exitOf(oifIndex);
      if (exit === null) continue;
      const destinations = found.get(exit.name) ?? new Set();
      destinations.add(route.dst.length === 0 ? "default" : prefixText(route.dst));
      found.set(exit.name, destinations);
    }
  }
  return [...found].map(([dev, destinations]) => ({ dev, destinations: [...destinations] }));
}
