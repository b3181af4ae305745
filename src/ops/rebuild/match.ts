/**
 * Finds out which pods there are, from what the runtime remembers and what the kernel has. Pure. What may be
 * alive is kept, so that nobody else gets its address.
 */
import type { PrevInterface } from "../../cni/prev-result.ts";
import { FairwayError } from "../../errors.ts";
import type { SeenEnd, SeenPod } from "../../kernel/pods-seen.ts";
import { bare } from "../../plan/ip.ts";
import { minorOfHostVeth } from "../../plan/names.ts";
import { attachmentName, type Lease } from "../../plan/node.ts";
import { prefixOf } from "../../plan/prefix.ts";
import type { CachedAdd } from "./cache.ts";

/** A pod that both the runtime and the kernel know. */
export interface KnownPod {
  add: CachedAdd;
  hostVeth: string;
  minor: number;
  mac: string;
  netns: string;
  leases: Lease[];
}

/** A pod that only the kernel knows. */
export interface FoundPod {
  hostVeth: string;
  minor: number;
  /** null means that its namespace cannot be seen from here. */
  end: SeenEnd | null;
  /** Such as "10.244.1.2". They are those of its namespace and of the maps. */
  addresses: string[];
}

export interface Matched {
  known: KnownPod[];
  found: FoundPod[];
  /** Says in words what is left out. */
  left: string[];
}

/** Tells which namespace a path leads to; null means that it leads to none. */
export type IdentityOf = (path: string) => string | null;

function hostEnd({ result }: CachedAdd): PrevInterface | undefined {
  return result.interfaces.find(
    ({ name, sandbox }) => sandbox === null && minorOfHostVeth(name) !== null,
  );
}

function leasesOf({ result }: CachedAdd, at: number): Lease[] {
  return result.ips
    .filter((ip) => ip.interface === null || ip.interface === at)
    .map(({ address, gateway }) => ({
      address: bare(address),
      prefixLength: prefixOf(address).length,
      gateway,
    }));
}

/** Throws decode for a record that does not say what an ADD of ours returns. */
function podOf(add: CachedAdd): KnownPod {
  const host = hostEnd(add);
  const at = add.result.interfaces.findIndex(
    ({ name, sandbox }) => sandbox !== null && name === add.ifname,
  );
  const end = add.result.interfaces[at];
  const leases = leasesOf(add, at);
  const minor = host === undefined ? null : minorOfHostVeth(host.name);
  if (
    host === undefined ||
    minor === null ||
    end?.sandbox == null ||
    end.mac === null ||
    leases.length === 0
  )
    throw new FairwayError(
      "decode",
      `${add.file} has no result of fairway's: a host interface, ${add.ifname} with its MAC, and an address`,
      "nothing was changed, since it may be of a pod that lives: move it away if its container is gone",
    );
  return { add, hostVeth: host.name, minor, mac: end.mac, netns: end.sandbox, leases };
}

/** Says how surely a record is of the pod that has the host interface now. */
function likeness(pod: KnownPod, seen: SeenPod | undefined, identityOf: IdentityOf): number {
  const identity = identityOf(pod.netns);
  // Its pair is gone and its namespace is not: the pod lives, and `repair` gives it its pair again.
  if (seen === undefined) return identity === null ? 0 : 1;
  const { end } = seen;
  const own = end !== null && end.identity === identity ? end : null;
  if (identity !== null && own === null && end !== null) return 0;
  if (own !== null && (own.mac === pod.mac || own.ifname === pod.add.ifname)) return 3;
  const addresses = pod.leases.map(({ address }) => address);
  const elsewhere = end?.addresses.map(bare) ?? [];
  return [...elsewhere, ...seen.mapped].some((address) => addresses.includes(address)) ? 2 : 1;
}

function foundOf(seen: SeenPod): FoundPod {
  const { end } = seen;
  const addresses = [...new Set([...(end?.addresses.map(bare) ?? []), ...seen.mapped])];
  if (addresses.length > 0 || end !== null)
    return { hostVeth: seen.hostVeth, minor: seen.minor, end, addresses };
  throw new FairwayError(
    "ledgerUnusable",
    `${seen.hostVeth} is a pod's, and nothing tells its address: no record of the runtime's, no namespace that can be seen from here, no element of our maps`,
    "run it on the node itself and not in a container, or delete that pod, then repeat",
  );
}

/** Throws decode, ledgerUnusable. Where it cannot be told what is in use, nothing is rebuilt. */
export function matchPods(
  adds: readonly CachedAdd[],
  seen: readonly SeenPod[],
  identityOf: IdentityOf,
): Matched {
  const byVeth = new Map(seen.map((pod) => [pod.hostVeth, pod]));
  const judged = adds
    .filter(({ role }) => role === "main")
    .map(podOf)
    .map((pod) => ({ pod, likeness: likeness(pod, byVeth.get(pod.hostVeth), identityOf) }))
    .toSorted((a, b) => b.likeness - a.likeness || b.pod.add.writtenAtMs - a.pod.add.writtenAtMs);
  const known: KnownPod[] = [];
  const left: string[] = [];
  const taken = new Set<string>();
  for (const { pod, likeness: level } of judged) {
    const held = [pod.hostVeth, ...pod.leases.map(({ address }) => address)];
    if (level > 0 && !held.some((key) => taken.has(key))) {
      for (const key of held) taken.add(key);
      known.push(pod);
    } else
      left.push(
        `${attachmentName(pod.add)}: ${level === 0 ? "its interface and its namespace are gone" : `${pod.hostVeth} or its address is another pod's by now`} (${pod.add.file})`,
      );
  }
  const others = seen.filter(({ hostVeth, isLoose }) => !taken.has(hostVeth) && !isLoose);
  const found = others.map(foundOf).map((pod) => ({
    ...pod,
    addresses: pod.addresses.filter((address) => !taken.has(address)),
  }));
  return {
    known,
    found: found.filter(({ addresses }) => addresses.length > 0),
    left: [
      ...left,
      ...seen
        .filter(({ isLoose }) => isLoose)
        .map(({ hostVeth }) => `${hostVeth}: both ends are on the node, it is no pod's`),
      ...found
        .filter(({ addresses }) => addresses.length === 0)
        .map(({ hostVeth }) => `${hostVeth}: it has no address that is not another pod's`),
    ],
  };
}
