/** Makes rows of the ledger from what was found. */
import { contains, parseCidr, parseIp } from "../../config/addresses.ts";
import { ownAnnotations } from "../../config/annotations.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { type SeenRates, seenClass } from "../../kernel/pods-seen.ts";
import { macAddress, withGateway } from "../../node/addresses/leases.ts";
import { addressBits, bare } from "../../plan/ip.ts";
import { podMac } from "../../plan/names.ts";
import {
  type Attachment,
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

function promiseSeen({ trees, ingress: place }: NetworkBase, minor: number): PodPromise {
  const classes = { egress: seenClass(trees.uplink, minor), ingress: seenClass(place.name, minor) };
  const [egress, ingress] = directions.map((direction) =>
    directionSeen(classes[direction], trees[`${direction}CapacityBits`]),
  ) as [DirectionPromise, DirectionPromise];
  return {
    egress,
    ingress,
    latencyTargetUs: null,
    tier: null,
    notes: ["rebuilt from its classes in the kernel: what the pod asked for is not known"],
  };
}

function promiseAsked(
  { config }: KnownNetwork,
  own: NetworkConfig,
): { promise: PodPromise; asks: PodAsks } {
  const { podAnnotations: annotations, bandwidth } = own.runtime;
  const { tiers, defaultTier } = config;
  return {
    promise: promiseOf({ annotations, bandwidth, tiers, defaultTier, rules: null }),
    asks: { annotations: ownAnnotations(annotations), bandwidth, overrides: null },
  };
}

/**
 * The row of a pod that the runtime remembers. `own` is its configuration; null means that it would be
 * refused today.
 */
export function knownRow(
  { add, hostVeth, minor, mac, netns, leases }: KnownPod,
  network: KnownNetwork,
  own: NetworkConfig | null,
): Attachment {
  const terms =
    own === null
      ? { promise: promiseSeen(network.base, minor), asks: asksNothing }
      : promiseAsked(network, own);
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
export function foundRow(pod: FoundPod, { config, base }: KnownNetwork): Attachment {
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
    promise: promiseSeen(base, minor),
    asks: asksNothing,
    podNamespace: null,
    podName: null,
  };
}
