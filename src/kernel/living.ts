/**
 * What of ours leads into a network namespace that lives, whoever remembers it: taken away, it would cost
 * a pod its network, or its promise.
 */
import { closeSync, openSync } from "node:fs";
import * as names from "../plan/names.ts";
import { NetlinkError, NetlinkSocket } from "./netlink/socket.ts";
import { endAt, mappedByMinor, namespacesById } from "./pods-seen.ts";
import { allLinks, type Link, netnsIdOf } from "./read/links.ts";

/** The node's end of a pair whose other end is in another namespace. */
export interface Living {
  /** The node's interface: "fwv10" of a pod of ours, another plugin's where Fairway is chained. */
  dev: string;
  /** A path that leads to the namespace; null: none that can be seen from here. */
  netns: string | null;
  /** "device:inode" of that namespace; null where it cannot be seen. */
  identity: string | null;
  /** Where another plugin made the interface: those of its addresses that our maps lead to a class. */
  addresses: string[];
}

const isOurs = ({ name }: Link): boolean => names.minorOfHostVeth(name) !== null;

const bare = (cidr: string): string => cidr.split("/")[0] ?? cidr;

/** Addresses that lead to a class of a pod that has no pair of ours: other plugins' pods. */
function mappedWithoutPair(pairs: readonly Link[]): string[] {
  const paired = new Set(pairs.map(({ name }) => names.minorOfHostVeth(name)));
  return [...mappedByMinor()].flatMap(([minor, addresses]) => (paired.has(minor) ? [] : addresses));
}

/** A pair goes with the namespace of its other end, so one that is there leads into one that lives. */
function leadingOut(socket: NetlinkSocket): Link[] {
  return allLinks(socket).filter((l) => l.type === "veth" && l.peerNetnsId !== null);
}

/** The path of the namespace that an end of ours should lead to, by its name. */
export type Known = ReadonlyMap<string, string>;

/**
 * Whether all that is ours leads where it is known to, and no address of others leads to a class. It looks
 * into no namespace but those that are known.
 */
export function allAsKnown(known: Known, addresses: ReadonlySet<string>): boolean {
  using socket = new NetlinkSocket();
  const pairs = leadingOut(socket).filter(isOurs);
  const isKnown = ({ name, peerNetnsId }: Link): boolean => {
    const netns = known.get(name);
    if (netns === undefined) return false;
    // At a path that leads nowhere the pod was; it may live on.
    const id = netnsIdAt(socket, netns);
    return id === null || id === peerNetnsId;
  };
  return (
    pairs.every(isKnown) && mappedWithoutPair(pairs).every((address) => addresses.has(address))
  );
}

/** null: there is none at this path, or this namespace has given it no id. */
function netnsIdAt(socket: NetlinkSocket, path: string): number | null {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    return netnsIdOf(socket, fd);
  } catch (error) {
    // It is a file where a namespace was.
    if (error instanceof NetlinkError) return null;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function look(): Living[] {
  using socket = new NetlinkSocket();
  const leading = leadingOut(socket);
  const pairs = leading.filter(isOurs);
  const mapped = mappedWithoutPair(pairs);
  if (pairs.length === 0 && mapped.length === 0) return [];
  // The dump of the links has given each namespace with a peer in it an id.
  const byId = namespacesById(socket, []);
  const seen = ({ peerNetnsId }: Link) => (peerNetnsId === null ? null : byId.get(peerNetnsId));
  const own = pairs.map((link): Living => {
    const there = seen(link);
    return {
      dev: link.name,
      netns: there?.path ?? null,
      identity: there?.identity ?? null,
      addresses: [],
    };
  });
  if (mapped.length === 0) return own;
  const others = leading.filter((link) => !isOurs(link));
  const chained = others.flatMap((link): Living[] => {
    const there = seen(link);
    if (there == null || link.peerIndex === null) return [];
    const end = endAt(there.path, there.identity, link.peerIndex);
    const held = (end?.addresses ?? []).map(bare).filter((address) => mapped.includes(address));
    return held.length === 0
      ? []
      : [{ dev: link.name, netns: there.path, identity: there.identity, addresses: held }];
  });
  return [...own, ...chained, ...unseen(others, chained, mapped, (link) => seen(link) == null)];
}

/** Where a namespace cannot be seen, an address that nobody else has may be in it. */
function unseen(
  others: readonly Link[],
  found: readonly Living[],
  mapped: readonly string[],
  isUnseen: (link: Link) => boolean,
): Living[] {
  const left = mapped.filter((address) => !found.some((f) => f.addresses.includes(address)));
  if (left.length === 0) return [];
  return others
    .filter(isUnseen)
    .map(({ name }) => ({ dev: name, netns: null, identity: null, addresses: left }));
}

/** A namespace that nobody has any more is taken down by the kernel in its own time. */
const pollMs = 50;
const polls = 40;

/** Touches nothing. A namespace that is just going is waited for, for two seconds at the most. */
export function livingEnds(): Living[] {
  let found = look();
  for (let i = 0; i < polls && found.some(({ netns }) => netns === null); i++) {
    Bun.sleepSync(pollMs);
    found = look();
  }
  return found;
}
