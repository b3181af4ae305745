/** The pods of ours that the kernel has, whoever remembers them: by the node's ends of their pairs. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { FairwayError } from "../errors.ts";
import * as names from "../plan/names.ts";
import type { TrafficClass } from "../plan/state.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { inNetns, netnsKind } from "./netns.ts";
import { addressesOf, allLinks, type Link, linkNamed } from "./read/links.ts";
import { TableReader } from "./read/tables.ts";
import { classesOf } from "./read/tc.ts";

/** The pod's end of a pair. */
export interface SeenEnd {
  netns: string;
  /** "device:inode" of the namespace. */
  identity: string;
  ifname: string;
  mac: string;
  /** Without those that come by themselves: "10.244.1.2/24". */
  addresses: string[];
}

export type SeenRates = Pick<TrafficClass, "rateBytes" | "ceilBytes" | "prio">;

export interface SeenPod {
  hostVeth: string;
  minor: number;
  /** Several where indexes alone do not tell which it is; none where its namespace is not to be seen from here. */
  ends: SeenEnd[];
  /** Whether the other end is in the node's own namespace: then no pod has it. */
  isLoose: boolean;
  /** Of the maps that lead to its class. */
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

/** By identity, the paths that lead to each: a process's goes with it at any moment. */
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

/** Empty where no path leads there any more: then nobody is in it, or it is looked for in vain. */
function endsIn(identity: string, paths: readonly string[]): { link: Link; end: SeenEnd }[] {
  for (const path of paths) {
    // A process's number may be another's by now.
    if (netnsIdentity(path) !== identity) continue;
    try {
      return endsAt(path, identity);
    } catch (error) {
      if (!(error instanceof FairwayError && error.kind === "invalidNetns")) throw error;
    }
  }
  return [];
}

function endsAt(path: string, identity: string): { link: Link; end: SeenEnd }[] {
  return inNetns(path, () => {
    using socket = new NetlinkSocket();
    return allLinks(socket)
      .filter(({ type, peerIndex }) => type === "veth" && peerIndex !== null)
      .map((link) => ({
        link,
        end: {
          netns: path,
          identity,
          ifname: link.name,
          mac: link.mac,
          addresses: addressesOf(socket, link.index).filter((cidr) => !comesByItself(cidr)),
        },
      }));
  });
}

/** Addresses by the minor that the maps lead them to. */
function mappedByMinor(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  using reader = new TableReader();
  for (const { key, value } of reader.allElements(names.table)) {
    const minor = value?.startsWith(names.htbHandle)
      ? Number.parseInt(value.slice(names.htbHandle.length), 16)
      : Number.NaN;
    // Ports of the host's own lead to classes, too.
    if (minor >= names.firstPodMinor) found.set(minor, [...(found.get(minor) ?? []), key]);
  }
  return found;
}

/** The class of a pod on a device. null: there is none. */
export function seenClass(dev: string, minor: number): SeenRates | null {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, dev);
  if (link === null) return null;
  const found = classesOf(socket, link.index).find(({ handle }) => handle === names.classid(minor));
  return found?.htb ?? null;
}

/** `preferred`: paths of namespaces by which a runtime knows them. Touches nothing. */
export function seenPods(preferred: readonly string[]): SeenPod[] {
  using socket = new NetlinkSocket();
  const own = allLinks(socket);
  const hosts = own.filter(
    ({ type, name }) => type === "veth" && names.minorOfHostVeth(name) !== null,
  );
  if (hosts.length === 0) return [];
  const mapped = mappedByMinor();
  const ends = [...namespaces(preferred.filter(existsSync))].flatMap(([identity, paths]) =>
    endsIn(identity, paths),
  );
  const isPeer = (host: Link, link: Link): boolean =>
    link.peerIndex === host.index && host.peerIndex === link.index;
  return hosts.map((host) => {
    const minor = names.minorOfHostVeth(host.name) ?? 0;
    const there = ends.filter(({ link }) => isPeer(host, link)).map(({ end }) => end);
    return {
      hostVeth: host.name,
      minor,
      ends: there,
      isLoose: there.length === 0 && own.some((link) => isPeer(host, link)),
      mapped: mapped.get(minor) ?? [],
    };
  });
}
