/**
 * Where what pods send leaves the node beside the uplink: there it passes no tree, so no guarantee and no
 * limit holds for it.
 */
import { type Prefix, prefixText } from "./prefix.ts";

export interface ExitLink {
  index: number;
  name: string;
  /** "bridge", "vxlan", ...; null for a physical device. */
  type: string | null;
  /** The device that it stands on (a VLAN's), or that a port belongs to; null: none. */
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
  /** Networks, as ip(8) writes them. */
  destinations: string[];
}

/**
 * What is sent into one of these comes out in packets of the node's own, which take the uplink as a rule
 * and are in the pod's class there: the priority survives encapsulation.
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

/** What leads to something on this node, and not out of it. */
const local = new Set(["dummy", "ifb", "nlmon", "vcan"]);

/** Devices that stand on another one, which their packets leave by. */
const stacked = new Set(["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"]);

class Links {
  readonly #all: ReadonlyMap<number, ExitLink>;
  readonly #uplink: number;

  constructor(links: readonly ExitLink[], uplink: number) {
    this.#all = new Map(links.map((link) => [link.index, link]));
    this.#uplink = uplink;
  }

  /** The one that a packet leaves the node by; null: it does not, or it takes the uplink. */
  exitOf(index: number, depth = 0): ExitLink | null {
    const link = this.#all.get(index);
    // A device that stands on itself would be a kernel's fault: it ends here all the same.
    if (link === undefined || index === this.#uplink || depth > this.#all.size) return null;
    const { type, name, lowerIndex } = link;
    if (name === "lo" || (type !== null && (tunnels.has(type) || local.has(type)))) return null;
    if (type === "bridge") return this.#portOut(index, depth);
    if (type !== null && stacked.has(type) && lowerIndex !== null)
      return this.exitOf(lowerIndex, depth + 1) === null ? null : link;
    return link;
  }

  /** A bridge with a card among its ports leads out; one of containers only does not. */
  #portOut(index: number, depth: number): ExitLink | null {
    const ports = [...this.#all.values()].filter(
      ({ masterIndex, type }) => masterIndex === index && type !== "veth" && type !== "tun",
    );
    return ports.some((port) => this.exitOf(port.index, depth + 1) !== null)
      ? (this.#all.get(index) ?? null)
      : null;
  }
}

/** A single address without a next hop is a pod or a container on this node. */
const isNeighbour = ({ dst, hops }: ExitRoute): boolean =>
  dst.length === dst.bytes.length * 8 && hops.every(({ gw }) => gw === null);

/** Link-local addresses and groups are nobody's destination behind a router. */
const isRouted = ({ dst: { bytes } }: ExitRoute): boolean =>
  bytes.length === 4 ||
  (!(bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80) && bytes[0] !== 0xff);

/** `routes`: those of all tables but the local one; whether a table counts is up to the node's rules. */
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
