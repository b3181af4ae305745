/** Makes rows of the ledger from what was found. */
import { contains, parseCidr, parseIp } from "../../config/addresses.ts";
import { ownAnnotations } from "../../config/annotations.ts";
import { formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import type { SeenRates } from "../../kernel/pods-seen.ts";
import { macAddress, withGateway } from "../../node/addresses/leases.ts";
import { addressBits, bare } from "../../plan/ip.ts";
import { classid, podMac } from "../../plan/names.ts";
import {
  type Attachment,
  type ClaimedRate,
  type Direction,
  type DirectionPromise,
  directions,
  type Lease,
  type NetworkBase,
  type PodAsks,
  type PodPromise,
} from "../../plan/node.ts";
import { floorBits } from "../../plan/shape.ts";
import { promiseOf } from "../../promise/ask.ts";
import type { FoundPod, KnownPod } from "./match.ts";

export interface KnownNetwork {
  config: NetworkConfig;
  base: NetworkBase;
  /** The rates of its classes in the kernel, by their ids. They are looked at once. */
  classes(): Record<Direction, ReadonlyMap<string, SeenRates>>;
}

const asksNothing: PodAsks = { annotations: {}, bandwidth: null, overrides: null };

/** Reads from a class the promise that it keeps. A ceiling above the tree's rate limits nothing. */
function directionSeen(rates: SeenRates | null, capacityBits: number): DirectionPromise {
  const guaranteed = (rates?.rateBytes ?? 0) * 8;
  const ceiling = (rates?.ceilBytes ?? 0) * 8;
  return {
    guaranteeBits: guaranteed <= floorBits ? 0 : guaranteed,
    limitBits: rates === null || ceiling > capacityBits ? null : ceiling,
    burstBytes: null,
  };
}

function promiseSeen({ base: { trees }, classes }: KnownNetwork, minor: number): PodPromise {
  const seen = classes();
  const [egress, ingress] = directions.map((direction) =>
    directionSeen(seen[direction].get(classid(minor)) ?? null, trees[`${direction}CapacityBits`]),
  ) as [DirectionPromise, DirectionPromise];
  return {
    egress,
    ingress,
    latencyTargetUs: null,
    tier: null,
    notes: ["rebuilt from its classes in the kernel: what the pod asked for is not known"],
  };
}

/**
 * What a class gave and nothing explains that is known. A class that gave less is no question: guarantees are
 * scaled where they do not fit.
 */
function unexplained(promise: PodPromise, seen: PodPromise, pod: string): string[] {
  return directions.flatMap((direction) => {
    const [asked, given] = [promise, seen].map((each) => each[direction].guaranteeBits) as [
      number,
      number,
    ];
    if (given <= asked) return [];
    const rate = formatRate(given);
    return [
      `at the rebuild its class had ${rate}bit/s of ${direction} guaranteed, and of that only ${formatRate(asked)}bit/s is asked for by what the runtime remembers: a claim or \`fairway set\` gave the rest, and both were in the lost ledger. \`fairway set ${pod} ${direction}-guarantee=${rate}\` gives it again until the pod's end, else it goes with the next repair`,
    ];
  });
}

function promiseAsked(
  network: KnownNetwork,
  own: NetworkConfig,
  { add: { args }, minor }: KnownPod,
  claims: readonly ClaimedRate[],
): { promise: PodPromise; asks: PodAsks } {
  const { podAnnotations: annotations, bandwidth } = own.runtime;
  const { tiers, defaultTier } = network.config;
  const promise = promiseOf({ annotations, bandwidth, claims, tiers, defaultTier, rules: null });
  const pod = `${args.K8S_POD_NAMESPACE ?? "NAMESPACE"}/${args.K8S_POD_NAME ?? "POD"}`;
  return {
    promise: {
      ...promise,
      notes: [...promise.notes, ...unexplained(promise, promiseSeen(network, minor), pod)],
    },
    asks: {
      ...{ annotations: ownAnnotations(annotations), bandwidth, overrides: null },
      ...(claims.length > 0 && { claims }),
    },
  };
}

/**
 * The row of a pod that the runtime remembers. `own` is its configuration; null means that it would be
 * refused today. `claims` are those that the ledger still has of it.
 */
export function knownRow(
  pod: KnownPod,
  network: KnownNetwork,
  own: NetworkConfig | null,
  claims: readonly ClaimedRate[],
): Attachment {
  const { add, hostVeth, minor, mac, netns, leases } = pod;
  const { K8S_POD_UID: podUid } = add.args;
  const terms =
    own === null
      ? { promise: promiseSeen(network, minor), asks: asksNothing }
      : promiseAsked(network, own, pod, claims);
  return {
    network: add.network,
    containerId: add.containerId,
    ifname: add.ifname,
    phase: "ready",
    netns,
    hostVeth,
    podMac: mac,
    classMinor: minor,
    leases,
    routes: add.result.routes,
    mtuBytes: network.base.mtuBytes,
    ...terms,
    podNamespace: add.args.K8S_POD_NAMESPACE ?? null,
    podName: add.args.K8S_POD_NAME ?? null,
    ...(podUid !== undefined && { podUid }),
  };
}

const ipOf = (address: string) => parseIp(address, "an address in the kernel");

function leaseOf(address: string, { subnets, gateways }: NetworkBase): Lease {
  const ip = ipOf(address);
  const subnet = subnets.map((text) => parseCidr(text, "subnet")).find((s) => contains(s, ip));
  const gateway = gateways
    .map(bare)
    .find((each) => subnet !== undefined && contains(subnet, ipOf(each)));
  return {
    address,
    prefixLength: subnet?.prefixLength ?? addressBits[ip.family],
    gateway: gateway ?? null,
  };
}

/**
 * The network that gives such addresses. Throws badConfig where there is none: the pod's promise would have
 * no tree to be in.
 */
export function networkOfPod(
  { hostVeth, addresses }: FoundPod,
  networks: readonly KnownNetwork[],
): KnownNetwork {
  const gives = ({ base }: KnownNetwork): boolean =>
    base.subnets.some((subnet) =>
      addresses.some((address) => contains(parseCidr(subnet, "subnet"), ipOf(address))),
    );
  const network = networks.find(gives);
  if (network !== undefined) return network;
  throw new FairwayError(
    "badConfig",
    `${hostVeth} is a pod's with ${addresses.join(", ")}, which the runtime does not remember, and no configuration that is known gives such an address`,
    "give the network's configuration with --config FILE (the conflist)",
  );
}

/**
 * The row of a pod that only the kernel has. Its container's id cannot be found, so a DEL does not meet the
 * row: `fairway gc` frees it once the pod is gone.
 */
export function foundRow(pod: FoundPod, network: KnownNetwork): Attachment {
  const { config, base } = network;
  const { hostVeth, minor, end, addresses } = pod;
  const leases = addresses.map((address) => leaseOf(address, base));
  return {
    network: base.network,
    containerId: `rebuilt-${hostVeth}`,
    ifname: end?.ifname ?? "eth0",
    phase: "ready",
    // Nothing is at that path, so the pod is taken for gone when its host interface is gone, and no sooner.
    netns: end?.netns ?? `/run/netns/unknown-of-${hostVeth}`,
    hostVeth,
    podMac: end?.mac ?? podMac(macAddress(leases)),
    classMinor: minor,
    leases,
    routes: config.ipam.routes.map((route) => withGateway(route, leases)),
    mtuBytes: base.mtuBytes,
    promise: promiseSeen(network, minor),
    asks: asksNothing,
    podNamespace: null,
    podName: null,
  };
}
