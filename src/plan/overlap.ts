/**
 * Whether a network for pods is compatible with what else the node has. The bridge of the pods takes over
 * every address of their subnets. If an interface's own address, a router or another node's pods lay in those
 * subnets, neither the node nor the pods could reach them any more.
 */
import { ipOfBytes } from "./ip.ts";
import {
  hostPrefix,
  liesWithin,
  type Prefix,
  prefixesOverlap,
  prefixOf,
  prefixText,
} from "./prefix.ts";

/** What is asked of an interface by its number. Its name is needed only where a message names it. */
export interface OtherLink {
  name: string;
  /**
   * Whether there are neighbours on it. On a tunnel there are none, so there a route without a next hop says
   * little.
   */
  hasNeighbours: boolean;
}

interface OtherAddress {
  index: number;
  address: Uint8Array;
  /** The network that this address says is on the link. */
  onLink: Prefix;
}

export interface OtherRoute {
  dst: Prefix;
  type: string;
  hops: { gw: Uint8Array | null; oifIndex: number | null }[];
}

/** What the node has besides the bridge of the pods. */
export interface Surroundings {
  addresses: OtherAddress[];
  /** The routes of the main table. */
  routes: OtherRoute[];
  linkOf(index: number): OtherLink;
}

export interface Overlap {
  subnet: string;
  /** What it overlaps with, and where that is. */
  with: string;
  /**
   * "conflict" means that an address or a route of the node would be lost. "broader" means that the subnet
   * lies within a larger network, which the node reaches by another way; the pods' own subnet goes before
   * that.
   */
  kind: "conflict" | "broader";
}

/**
 * Networks in which no pod can have an address of its own (RFC 6890; RFC 4291, 2.4). Of 240.0.0.0/4 only the
 * last address is among them: Linux treats the others like any address, and there are clusters with pods in
 * it.
 */
const notForPods: readonly [network: string, what: string][] = [
  ["0.0.0.0/8", "this host's own network"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["224.0.0.0/4", "multicast"],
  ["255.255.255.255/32", "the broadcast address"],
  ["::/8", "not for hosts"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
];

/** The networks of that list that a network lies in or around, in words. */
export function specialNetworks(subnet: string): string[] {
  const prefix = prefixOf(subnet);
  const isIpv6 = subnet.includes(":");
  return notForPods.flatMap(([text, what]) =>
    // An ADD runs this once, uncompiled, so what is of the other family is not parsed.
    text.includes(":") === isIpv6 && prefixesOverlap(prefix, prefixOf(text))
      ? [`${text}, which is ${what}`]
      : [],
  );
}

/** "0.0.0.0/1" and "128.0.0.0/1" together are how a VPN writes a default route. */
const defaultLikeBits = 1;

const isDefault = ({ dst }: OtherRoute): boolean => dst.length <= defaultLikeBits;

/** The route in the form in which ip(8) writes it. */
function routeText(
  { dst, type, hops }: OtherRoute,
  { linkOf }: Pick<Surroundings, "linkOf">,
): string {
  const to = dst.length === 0 ? "default" : prefixText(dst);
  const ways = hops.map(({ gw, oifIndex }) =>
    [
      gw === null ? "" : ` via ${ipOfBytes(gw)}`,
      oifIndex === null ? "" : ` dev ${linkOf(oifIndex).name}`,
    ].join(""),
  );
  return `${type === "unicast" ? "" : `${type} `}${to}${ways.join(",")}`;
}

type Found = Pick<Overlap, "with" | "kind">;

function addressOverlap(
  subnet: Prefix,
  { index, address, onLink }: OtherAddress,
  { linkOf }: Surroundings,
): Found[] {
  if (!prefixesOverlap(subnet, onLink) && !prefixesOverlap(subnet, hostPrefix(address))) return [];
  const text = `${ipOfBytes(address)}/${onLink.length}`;
  return [{ with: `the address ${text} of interface ${linkOf(index).name}`, kind: "conflict" }];
}

function routeOverlap(subnet: Prefix, route: OtherRoute, around: Surroundings): Found[] {
  const { dst, type, hops } = route;
  const conflict = (what: string): Found[] => [
    { with: `${what}the node's route ${routeText(route, around)}`, kind: "conflict" },
  ];
  const gw = hops.find((hop) => hop.gw !== null && liesWithin(hostPrefix(hop.gw), subnet))?.gw;
  if (gw) return conflict(`${ipOfBytes(gw)}, the next hop of `);
  if (isDefault(route) || !prefixesOverlap(subnet, dst)) return [];
  // A route that comes with an address is not told again: the address itself is told.
  const isOnLink = type === "unicast" && hops.every((hop) => hop.gw === null);
  const [{ oifIndex } = { oifIndex: null }] = hops;
  const byAddress = around.addresses.some(
    ({ index, onLink }) =>
      index === oifIndex && onLink.length === dst.length && liesWithin(onLink, dst),
  );
  if (isOnLink && byAddress) return [];
  if (liesWithin(dst, subnet)) return conflict("");
  if (isOnLink && oifIndex !== null && around.linkOf(oifIndex).hasNeighbours) return conflict("");
  return [{ with: `the node's route ${routeText(route, around)}`, kind: "broader" }];
}

/** All overlaps, conflicts first. `subnets` are texts: "10.244.1.0/24". */
export function overlapsOf(subnets: readonly string[], around: Surroundings): Overlap[] {
  const found = subnets.flatMap((subnet) => {
    const prefix = prefixOf(subnet);
    return [
      ...specialNetworks(subnet).map((met): Found => ({ with: met, kind: "conflict" })),
      ...around.addresses.flatMap((each) => addressOverlap(prefix, each, around)),
      ...around.routes.flatMap((each) => routeOverlap(prefix, each, around)),
    ].map((each): Overlap => ({ subnet, ...each }));
  });
  return found.toSorted((a, b) => Number(a.kind === "broader") - Number(b.kind === "broader"));
}
