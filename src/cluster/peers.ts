/** The routes to other nodes' pods: which a node is to have, and why a node gets none. Pure. */
import { formatCidr, formatIp, parseCidr, parseIp } from "../config/addresses.ts";
import { familyOf } from "../plan/ip.ts";
import { liesWithin, type Prefix, prefixesOverlap, prefixOf, prefixText } from "../plan/prefix.ts";
import type { NodeSeen } from "./node-object.ts";

export interface Around {
  /** The node's uplink. */
  dev: string;
  /** The networks that are on that link. */
  networks: readonly Prefix[];
  /** The node's own addresses, on all links. */
  addresses: readonly string[];
}

export interface Wanted {
  routes: { dst: string; gw: string; dev: string }[];
  /** In words, by node. */
  refused: string[];
}

/** No cluster gives a node more: such a network would take what is the node's own, or everything. */
const leastBits = { 4: 8, 6: 32 } as const;

/** null means that the text is none. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

const cidrText = (text: string): string | null =>
  attempt(() => formatCidr(parseCidr(text, "podCIDR")));
const ipText = (text: string): string | null =>
  attempt(() => formatIp(parseIp(text, "InternalIP")));

function gatewayOf(dst: string, node: NodeSeen, around: Around): { gw: string } | { why: string } {
  const family = familyOf(dst);
  const own = node.addresses.flatMap((each) => ipText(each) ?? []);
  const gw = own.find((each) => familyOf(each) === family);
  if (gw === undefined) return { why: `it has no InternalIP of IPv${family} for ${dst}` };
  if (around.addresses.includes(gw)) return { why: `its address ${gw} is this node's own` };
  const isOnLink = around.networks.some((network) => liesWithin(prefixOf(gw), network));
  if (!isOnLink)
    return {
      why: `its address ${gw} is not on the link of ${around.dev}: host-gateway needs nodes on one link`,
    };
  return { gw };
}

function judged(
  text: string,
  node: NodeSeen,
  around: Around,
  taken: readonly { dst: Prefix; whose: string }[],
): { dst: string; gw: string } | { why: string } {
  const dst = cidrText(text);
  if (dst === null) return { why: `its pod subnet ${JSON.stringify(text.slice(0, 64))} is none` };
  const prefix = prefixOf(dst);
  if (prefix.length < leastBits[familyOf(dst)])
    return { why: `its pod subnet ${dst} is too large` };
  const other = taken.find((each) => prefixesOverlap(each.dst, prefix));
  if (other !== undefined)
    return {
      why: `its pod subnet ${dst} overlaps ${prefixText(other.dst)}, which is ${other.whose}`,
    };
  const gateway = gatewayOf(dst, node, around);
  return "why" in gateway ? gateway : { dst, gw: gateway.gw };
}

/** `nodes` are all of the cluster, of which `own` is this one. */
export function peerRoutesOf(own: NodeSeen, nodes: readonly NodeSeen[], around: Around): Wanted {
  const taken = [
    ...own.podCidrs
      .flatMap((text) => cidrText(text) ?? [])
      .map((dst) => ({ dst: prefixOf(dst), whose: "this node's own" })),
    ...around.networks.map((dst) => ({ dst, whose: `on the link of ${around.dev}` })),
    ...around.addresses.map((address) => ({
      dst: prefixOf(address),
      whose: "an address of this node",
    })),
  ];
  const wanted: Wanted = { routes: [], refused: [] };
  const others = nodes
    .filter(({ uid }) => uid !== own.uid)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const node of others)
    for (const text of node.podCidrs) {
      const found = judged(text, node, around, taken);
      if ("why" in found) {
        wanted.refused.push(`Node ${node.name} gets no route: ${found.why}`);
        continue;
      }
      taken.push({ dst: prefixOf(found.dst), whose: `Node ${node.name}'s` });
      wanted.routes.push({ ...found, dev: around.dev });
    }
  return wanted;
}
