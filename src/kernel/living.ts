/**
 * The objects of ours that lead into a network namespace that lives, whether or not anybody remembers it. If
 * they were deleted, a pod would lose its network or its promise.
 */
import { closeSync, openSync } from "node:fs";
import { bare } from "../plan/ip.ts";
import * as names from "../plan/names.ts";
import { NetlinkError } from "./netlink/refusal.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { endAt, mappedByMinor, namespacesById } from "./pods-seen.ts";
import { allLinks, type Link, netnsIdOf } from "./read/links.ts";

/** The node's end of a pair whose other end is in another namespace. */
export interface Living {
  /**
   * The node's interface. It is "fwv10" for a pod of ours, and another plugin's name where Fairway is
   * chained.
   */
  dev: string;
  /** A path that leads to the namespace. null means that none can be seen from here. */
  netns: string | null;
  /** "device:inode" of that namespace. It is null where the namespace cannot be seen. */
  identity: string | null;
  /** Where another plugin made the interface, those of its addresses that our maps lead to a class. */
  addresses: string[];
}

const isOurs = ({ name }: Link): boolean => names.minorOfHostVeth(name) !== null;

/** Addresses that lead to the class of a pod that has no pair of ours. Those are other plugins' pods. */
function mappedWithoutPair(pairs: readonly Link[]): string[] {
  const paired = new Set(pairs.map(({ name }) => names.minorOfHostVeth(name)));
  return [...mappedByMinor()].flatMap(([minor, addresses]) => (paired.has(minor) ? [] : addresses));
}

/**
 * Pairs that lead into another namespace. A pair is deleted with the namespace of its other end, so a pair
 * that exists leads into a namespace that lives.
 */
function leadingOut(socket: NetlinkSocket): Link[] {
  return allLinks(socket).filter((l) => l.type === "veth" && l.peerNetnsId !== null);
}

/** The path of the namespace that each end of ours should lead to, by the end's name. */
export type Known = ReadonlyMap<string, string>;

/**
 * Whether everything of ours leads where it is known to lead, and no other address leads to a class. It looks
 * only into namespaces that are known.
 */
export function allAsKnown(known: Known, addresses: ReadonlySet<string>): boolean {
  using socket = new NetlinkSocket();
  const pairs = leadingOut(socket).filter(isOurs);
  const isKnown = ({ name, peerNetnsId }: Link): boolean => {
    const netns = known.get(name);
    if (netns === undefined) return false;
    // If the path leads nowhere, the pod was there, and its namespace may still live.
    const id = netnsIdAt(socket, netns);
    return id === null || id === peerNetnsId;
  };
  return (
    pairs.every(isKnown) && mappedWithoutPair(pairs).every((address) => addresses.has(address))
  );
}

/** null means that there is no namespace at this path, or that this namespace has given it no id. */
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
    // There is only a file where a namespace was.
    if (error instanceof NetlinkError) return null;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function readLiving(): Living[] {
  using socket = new NetlinkSocket();
  const leading = leadingOut(socket);
  const pairs = leading.filter(isOurs);
  const mapped = mappedWithoutPair(pairs);
  if (pairs.length === 0 && mapped.length === 0) return [];
  // The dump of the links has made the kernel give an id to each namespace that has a peer in it.
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

/** An address that nobody else has may be in a namespace that cannot be seen. */
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

/** The kernel removes a namespace that nobody uses any more in its own time. */
const pollMs = 50;
const polls = 40;

/** Changes nothing. It waits two seconds at most for a namespace that is being removed. */
export function livingEnds(): Living[] {
  let found = readLiving();
  for (let i = 0; i < polls && found.some(({ netns }) => netns === null); i++) {
    Bun.sleepSync(pollMs);
    found = readLiving();
  }
  return found;
}
