/** Describes a kind of packet that belongs to pods, and tells whether a rule's condition holds for it. */
import type { Family } from "../../plan/ip.ts";
import { liesWithin, type Prefix, prefixesOverlap, prefixOf } from "../../plan/prefix.ts";
import type { NftItem } from "./forward-nft.ts";

/** The first packet of a connection. */
export interface Flow {
  /** Words for a person, such as "what pods send beyond the node". */
  words: string;
  family: Family;
  iif: string;
  oif: string;
  /** The bridge that it came in by; null means that it came in by none. */
  inBridge: string | null;
  /** null means any address. */
  source: Prefix | null;
  destination: Prefix | null;
}

/**
 * Whether a condition holds for all of a flow's packets, for none, or for some; "unknown" where nobody here
 * can tell.
 */
export type Holds = "yes" | "no" | "partly" | "unknown";

function prefixFromItem(item: NftItem): Prefix | null {
  if (typeof item === "string") {
    if (item.startsWith("@") || !/^[\da-fA-F.:/]+$/.test(item)) return null;
    return prefixOf(item);
  }
  const prefix = (item as { prefix?: { addr: string; len: number } }).prefix;
  return prefix === undefined ? null : prefixOf(`${prefix.addr}/${prefix.len}`);
}

function addressHolds(actual: Prefix | null, item: NftItem): Holds {
  // It is not worked out which part of a network a range is: it is taken for no more than a part.
  if (typeof item === "object" && item !== null && "range" in item) return "partly";
  const wanted = prefixFromItem(item);
  if (wanted === null) return "unknown";
  if (wanted.length === 0) return "yes";
  if (actual === null) return "partly";
  if (liesWithin(actual, wanted)) return "yes";
  return prefixesOverlap(actual, wanted) ? "partly" : "no";
}

function nameHolds(actual: string | null, item: NftItem): Holds {
  if (actual === null) return "no";
  if (typeof item !== "string") return "unknown";
  const isAlike = item.endsWith("*") ? actual.startsWith(item.slice(0, -1)) : actual === item;
  return isAlike ? "yes" : "no";
}

const isOneOf =
  (...names: string[]) =>
  (item: NftItem): Holds =>
    typeof item === "string" && names.includes(item.toLowerCase()) ? "yes" : "no";

/** For what only a part of all packets has, whoever sends them. */
const selective = (): Holds => "partly";

interface Left {
  meta?: { key: string };
  ct?: { key: string };
  payload?: { protocol: string; field: string };
}

const metaKeys: Record<string, (flow: Flow, item: NftItem) => Holds> = {
  iifname: ({ iif }, item) => nameHolds(iif, item),
  iif: ({ iif }, item) => nameHolds(iif, item),
  oifname: ({ oif }, item) => nameHolds(oif, item),
  oif: ({ oif }, item) => nameHolds(oif, item),
  ibrname: ({ inBridge }, item) => nameHolds(inBridge, item),
  obrname: ({ inBridge }, item) => nameHolds(inBridge, item),
  nfproto: ({ family }, item) => isOneOf(`ipv${family}`)(item),
  protocol: ({ family }, item) => isOneOf(family === 4 ? "ip" : "ip6")(item),
  mark: selective,
  l4proto: selective,
  pkttype: selective,
  length: selective,
  time: selective,
  day: selective,
  hour: selective,
};

/** Whether a condition with one value on its right side holds for the flow. */
export function holdsFor(flow: Flow, left: unknown, item: NftItem): Holds {
  const { meta, ct, payload } = (left ?? {}) as Left;
  if (meta !== undefined) return metaKeys[meta.key]?.(flow, item) ?? "unknown";
  if (ct !== undefined) return ct.key === "state" ? isOneOf("new", "untracked")(item) : "partly";
  if (payload !== undefined) {
    const { protocol, field } = payload;
    if (protocol === "ether" && field === "type")
      return isOneOf(flow.family === 4 ? "ip" : "ip6")(item);
    if (protocol !== "ip" && protocol !== "ip6") return "partly";
    if (protocol !== (flow.family === 4 ? "ip" : "ip6")) return "no";
    if (field === "saddr") return addressHolds(flow.source, item);
    if (field === "daddr") return addressHolds(flow.destination, item);
    return "partly";
  }
  // This is a mask on a mark, for example.
  if (typeof left === "object" && left !== null && "&" in left) return "partly";
  return "unknown";
}
