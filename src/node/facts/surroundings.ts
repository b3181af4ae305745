/** What the node has beside the pods' bridge, and whether a network's subnets go with it. */
import { version } from "../../../package.json";
import { FairwayError } from "../../errors.ts";
import { linkIndex } from "../../kernel/link-index.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { linkNumbered } from "../../kernel/read/links.ts";
import { nodeAddresses, nodeRoutes, routesDigest } from "../../kernel/read/routes.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { families, ofFamily } from "../../plan/ip.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { type OtherLink, type Overlap, overlapsOf } from "../../plan/overlap.ts";
import { mainTable } from "../../plan/route-numbers.ts";

/**
 * These types of routes say where packets go, or that they go nowhere. What is the node's own stands in the
 * local table.
 */
const ways = new Set(["unicast", "blackhole", "unreachable", "prohibit", "throw"]);

/**
 * Finds what of the node lies in or around these subnets. What is on `bridge` is left out, because a route
 * through it is Fairway's own, or leads to a pod. Only the node's main table is looked at, because it is up
 * to the node's rules whether another one counts. It takes two dumps for each family that there is a subnet
 * of.
 */
export function overlapsOfNode(subnets: readonly string[], bridge: string): Overlap[] {
  if (subnets.length === 0) return [];
  using socket = new NetlinkSocket();
  // A route that leads nowhere has null in place of a number, so a bridge that is not there is undefined.
  const own = linkIndex(bridge) ?? undefined;
  const links = new Map<number, OtherLink>();
  const linkOf = (index: number): OtherLink => {
    const known = links.get(index);
    if (known !== undefined) return known;
    const link = linkNumbered(socket, index);
    const found = {
      name: link?.name ?? `number ${index}, which is gone`,
      hasNeighbours: link !== null && !link.withoutNeighbours,
    };
    links.set(index, found);
    return found;
  };
  const overlaps = families.flatMap((family) => {
    const asked = ofFamily(subnets, family);
    if (asked.length === 0) return [];
    return overlapsOf(asked, {
      addresses: nodeAddresses(socket, family).filter(({ index }) => index !== own),
      routes: nodeRoutes(socket, family, mainTable).filter(
        ({ type, hops }) => ways.has(type) && hops.every(({ oifIndex }) => oifIndex !== own),
      ),
      linkOf,
    });
  });
  // An ADD beside this one may have made the bridge between two of these looks.
  const isMadeMeanwhile = overlaps.length > 0 && (linkIndex(bridge) ?? undefined) !== own;
  return isMadeMeanwhile ? overlapsOfNode(subnets, bridge) : overlaps;
}

/** What to do about a subnet that meets something of the node's. */
export const overlapAdvice =
  "give the network a subnet that nothing else of this node uses (ipam.subnet or ipam.ranges), or remove the address or the route if nothing needs it: with this subnet the node, or its pods, would lose what is there";

export const overlapText = (network: string, { subnet, with: met }: Overlap): string =>
  `the subnet ${subnet} of network ${network} meets ${met}`;

/** This is shown in one message, so only so many are named. */
const shown = 3;

/** Throws badConfig, which names the interface or the route. */
export function refuseOverlaps({
  network,
  subnets,
  ingress,
}: Pick<NetworkBase, "network" | "subnets" | "ingress">): void {
  const conflicts = overlapsOfNode(subnets, ingress.name).filter(({ kind }) => kind === "conflict");
  const [first] = conflicts;
  if (first === undefined) return;
  const others = conflicts.slice(1, shown).filter(({ subnet }) => subnet === first.subnet);
  throw new FairwayError(
    "badConfig",
    [overlapText(network, first), ...others.map((each) => each.with)].join(", and "),
    overlapAdvice,
  );
}

const factKey = (network: string): string => `surroundings of ${network}`;

/** What was there when a network was found to go with it. */
interface SeenAround {
  network: string;
  text: string;
}

/**
 * As `refuseOverlaps`, for an ADD: it does not look at each route again while all is as it was when another
 * ADD of this boot did. For `rememberAround`; null: that is remembered already. Throws badConfig.
 */
export function refuseNewOverlaps(
  view: LedgerView,
  base: Pick<NetworkBase, "network" | "subnets" | "ingress">,
): SeenAround | null {
  const { network, subnets, ingress } = base;
  if (subnets.length === 0) return null;
  const asked = families.filter((family) => ofFamily(subnets, family).length > 0);
  // It is taken before the look: what comes between the two is looked at by the next ADD.
  const digest = routesDigest(asked, mainTable);
  const text = [version, linkIndex(ingress.name), ...subnets, digest].join(" ");
  if (view.fact(factKey(network)) === text) return null;
  refuseOverlaps(base);
  return { network, text };
}

/** To be called once the pod is in force. What cannot be written now costs the next ADD its look, and nothing else. */
export function rememberAround(ledger: Ledger, { network, text }: SeenAround): void {
  try {
    ledger.exclusively(() => ledger.setFact(factKey(network), text));
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
  }
}
