/**
 * Our pods that the kernel has, whether or not anybody remembers them. They are found by the node's ends of
 * their pairs.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { FairwayError } from "../errors.ts";
import type { TrafficClass } from "../plan/kinds/class.ts";
import * as names from "../plan/names.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { inNetns, netnsKind } from "./netns.ts";
import { addressesOf, allLinks, linkNamed, netnsIdOf } from "./read/links.ts";
import { TableReader } from "./read/tables.ts";
import { classesOf } from "./read/tc.ts";

/** The pod's end of a pair. */
export interface SeenEnd {
  netns: string;
  /** "device:inode" of the namespace. */
  identity: string;
  ifname: string;
  mac: string;
  /** The addresses without those that come by themselves: "10.244.1.2/24". */
  addresses: string[];
}

export type SeenRates = Pick<TrafficClass, "rateBytes" | "ceilBytes" | "prio">;

export interface SeenPod {
  hostVeth: string;
  minor: number;
  /** null means that its namespace cannot be seen from here. */
  end: SeenEnd | null;
  /** Whether the other end is in the node's own namespace. In that case no pod has it. */
  isLoose: boolean;
  /** The addresses that the maps lead to its class. */
  mapped: string[];
}

const folders = ["/run/netns", "/var/run/netns", "/run/docker/netns"];

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function netnsIdentity(path: string): string | null {
  try {
    if (netnsKind(path) !== "other") return null;
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * The paths that lead to each namespace, by its identity. The path of a process disappears with it at any
 * moment.
 */
function namespaces(preferred: readonly string[]): Map<string, string[]> {
  const mounted = folders.flatMap((folder) => listed(folder).map((name) => `${folder}/${name}`));
  const ofProcesses = listed("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `/proc/${pid}/ns/net`);
  const found = new Map<string, string[]>();
  for (const path of [...preferred, ...mounted, ...ofProcesses]) {
    const identity = netnsIdentity(path);
    if (identity !== null) found.set(identity, [...(found.get(identity) ?? []), path]);
  }
  return found;
}

const comesByItself = (cidr: string): boolean => /^(fe80:|127\.|::1\/)/i.test(cidr);

/** Opens the namespace of this identity by one of its paths. null means that no path leads to it any more. */
function opened(identity: string, paths: readonly string[]): { fd: number; path: string } | null {
  for (const path of paths) {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch {
      continue;
    }
    const { dev, ino } = fstatSync(fd);
    // A process's number may belong to another process by now.
    if (`${dev}:${ino}` === identity) return { fd, path };
    closeSync(fd);
  }
  return null;
}

/**
 * Namespaces by the ids under which the node's namespace knows them. It knows only those that it has a pair
 * into.
 */
export function namespacesById(
  socket: NetlinkSocket,
  preferred: readonly string[],
): Map<number, { path: string; identity: string }> {
  const found = new Map<number, { path: string; identity: string }>();
  for (const [identity, paths] of namespaces(preferred)) {
    const open = opened(identity, paths);
    if (open === null) continue;
    try {
      const id = netnsIdOf(socket, open.fd);
      if (id !== null) found.set(id, { path: open.path, identity });
    } finally {
      closeSync(open.fd);
    }
  }
  return found;
}

/** null means that the end is gone, or that its namespace is. */
export function endAt(path: string, identity: string, index: number): SeenEnd | null {
  try {
    return inNetns(path, () => {
      using socket = new NetlinkSocket();
      const link = allLinks(socket).find((l) => l.index === index && l.type === "veth");
      if (link === undefined) return null;
      const addresses = addressesOf(socket, index).filter((cidr) => !comesByItself(cidr));
      return { netns: path, identity, ifname: link.name, mac: link.mac, addresses };
    });
  } catch (error) {
    if (error instanceof FairwayError && error.kind === "invalidNetns") return null;
    throw error;
  }
}

/** Addresses by the minor to which the maps lead them. */
export function mappedByMinor(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  using reader = new TableReader();
  for (const { key, value } of reader.allElements(names.table)) {
    const minor = value?.startsWith(names.htbHandle)
      ? Number.parseInt(value.slice(names.htbHandle.length), 16)
      : Number.NaN;
    // The host's own ports lead to classes, too.
    if (minor >= names.firstPodMinor) found.set(minor, [...(found.get(minor) ?? []), key]);
  }
  return found;
}

/** The classes on a device, by their ids ("fa01:10"). Empty where there is no such device. */
export function seenClasses(dev: string): ReadonlyMap<string, SeenRates> {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, dev);
  const found = link === null ? [] : classesOf(socket, link.index);
  return new Map(
    found.flatMap(({ handle, htb }) => (htb === undefined ? [] : [[handle, htb] as const])),
  );
}

/** `preferred` are paths of namespaces by which a runtime knows them. This changes nothing. */
export function seenPods(preferred: readonly string[]): SeenPod[] {
  using socket = new NetlinkSocket();
  const own = allLinks(socket);
  const hosts = own.filter(
    ({ type, name }) => type === "veth" && names.minorOfHostVeth(name) !== null,
  );
  if (hosts.length === 0) return [];
  const mapped = mappedByMinor();
  // The dump of the links has made the kernel give an id to each namespace that has a peer in it.
  const byId = namespacesById(socket, preferred.filter(existsSync));
  return hosts.map((host) => {
    const minor = names.minorOfHostVeth(host.name) ?? 0;
    const there = host.peerNetnsId === null ? undefined : byId.get(host.peerNetnsId);
    return {
      hostVeth: host.name,
      minor,
      end:
        there === undefined || host.peerIndex === null
          ? null
          : endAt(there.path, there.identity, host.peerIndex),
      isLoose: host.peerNetnsId === null,
      mapped: mapped.get(minor) ?? [],
    };
  });
}
