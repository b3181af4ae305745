/**
 * What of the kernel's notifications concerns us, and what it is about. Most of them are about others'
 * devices, routes and tables, so nothing is decoded of a message but what tells whose it is.
 */
import { bytesOfIp } from "../plan/ip.ts";
import * as names from "../plan/names.ts";
import { attributesAt, decodeMessages, type Message, viewOf } from "./netlink/codec.ts";
import { ifaddrmsg, ifinfomsg, nfgenmsg, rtmsg, tcmsg } from "./netlink/structs.ts";
import {
  IFLA,
  NFNL_SUBSYS_NFTABLES_ID,
  NFPROTO,
  NFT_MSG,
  NFTA_GEN_ID,
  NFTA_TABLE,
  RTA,
  RTM,
} from "./netlink/tables.ts";

/** What a notification is about. "lost" means that some were left out, so that anything may have changed. */
export type Cause = "links" | "addresses" | "routes" | "tc" | "tables" | "lost";

/** What a node is to have, as far as notifications tell of it. */
export interface Interest {
  /** The names of the links that count. The ends of the pods' pairs count besides, by their names. */
  links: ReadonlySet<string>;
  /** The numbers of the links whose addresses and routes are ours. */
  addressed: ReadonlySet<number>;
  /** The numbers of the links that have trees or filters of ours. */
  queued: ReadonlySet<number>;
  /** The destinations of the node's routes that are ours (`destination`), wherever a route leads. */
  destinations: ReadonlySet<string>;
}

/** `length` is the length of the prefix: "c6130100/24". */
const destinationOf = (bytes: Uint8Array, length: number): string => `${bytes.toHex()}/${length}`;

export function destination(cidr: string): string {
  const [address = "", length = ""] = cidr.split("/");
  return destinationOf(bytesOfIp(address), Number(length));
}

export interface Sifted {
  causes: Set<Cause>;
  /** The generations of nf_tables by which tables of ours were changed. */
  generations: number[];
  /** Whether a change of our tables has come whose generation has still to come. */
  isPending: boolean;
}

const ourTables: readonly string[] = [names.table, names.guardTable];

function isOurTable({ body }: Message): boolean {
  const [name] = attributesAt(body, nfgenmsg.bytes, [NFTA_TABLE.NAME]);
  if (name === undefined) return false;
  const family = body[0] === NFPROTO.inet ? "inet" : body[0] === NFPROTO.bridge ? "bridge" : "";
  return ourTables.includes(`${family} ${textOf(name)}`);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function concernsLink({ body }: Message, interest: Interest): boolean {
  const { index } = ifinfomsg.decode(body);
  if (interest.addressed.has(index) || interest.queued.has(index)) return true;
  const [bytes] = attributesAt(body, ifinfomsg.bytes, [IFLA.IFNAME]);
  if (bytes === undefined) return false;
  const name = textOf(bytes);
  return interest.links.has(name) || names.minorOfHostVeth(name) !== null;
}

function concernsRoute({ body }: Message, interest: Interest): boolean {
  const [dst, oif] = attributesAt(body, rtmsg.bytes, [RTA.DST, RTA.OIF]);
  if (oif !== undefined && interest.addressed.has(viewOf(oif).getUint32(0, true))) return true;
  // Another route may stand in the place of ours, or lead to no device at all.
  return (
    dst !== undefined && interest.destinations.has(destinationOf(dst, rtmsg.decode(body).dstLength))
  );
}

/** null means that the message does not concern us. Without an interest every message does. */
function routeCause(message: Message, interest: Interest | null): Cause | null {
  const { type, body } = message;
  const only = (cause: Cause, concerns: (of: Interest) => boolean): Cause | null =>
    interest === null || concerns(interest) ? cause : null;
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return only("links", (of) => concernsLink(message, of));
    case RTM.NEWADDR:
    case RTM.DELADDR:
      return only("addresses", (of) => of.addressed.has(ifaddrmsg.decode(body).index));
    case RTM.NEWROUTE:
    case RTM.DELROUTE:
      return only("routes", (of) => concernsRoute(message, of));
    case RTM.NEWQDISC:
    case RTM.DELQDISC:
    case RTM.NEWTCLASS:
    case RTM.DELTCLASS:
    case RTM.NEWTFILTER:
    case RTM.DELTFILTER:
      return only("tc", (of) => of.queued.has(tcmsg.decode(body).ifindex));
    default:
      return null;
  }
}

/** A datagram that cannot be read counts as lost. */
function reading(datagram: Uint8Array, causes: Set<Cause>, read: (message: Message) => void): void {
  try {
    for (const message of decodeMessages(datagram)) read(message);
  } catch {
    causes.add("lost");
  }
}

/** A datagram of rtnetlink's. */
export function siftRoute(datagram: Uint8Array, interest: Interest | null): Set<Cause> {
  const causes = new Set<Cause>();
  reading(datagram, causes, (message) => {
    const cause = routeCause(message, interest);
    if (cause !== null) causes.add(cause);
  });
  return causes;
}

/**
 * A datagram of nf_tables'. A transaction's changes come first, then its generation. `isPending` is that of
 * the datagram before.
 */
export function siftTables(datagram: Uint8Array, isPending: boolean): Sifted {
  const sifted: Sifted = { causes: new Set(), generations: [], isPending };
  reading(datagram, sifted.causes, (message) => siftTable(message, sifted));
  return sifted;
}

function siftTable(message: Message, sifted: Sifted): void {
  const { type, body } = message;
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES_ID) return;
  if (type !== NFT_MSG.NEWGEN) {
    if (sifted.isPending || !isOurTable(message)) return;
    sifted.isPending = true;
    sifted.causes.add("tables");
    return;
  }
  const [generation] = attributesAt(body, nfgenmsg.bytes, [NFTA_GEN_ID]);
  if (sifted.isPending && generation !== undefined)
    sifted.generations.push(viewOf(generation).getUint32(0));
  sifted.isPending = false;
}
