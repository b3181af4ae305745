/** Networks and pods for the tests of the plan. */
import type { BaseInput } from "../../src/plan/desired.ts";
import { hostVeth, podMac } from "../../src/plan/names.ts";
import type {
  Attachment,
  DirectionPromise,
  NetworkBase,
  PodPromise,
  TreeSettings,
} from "../../src/plan/node.ts";
import { hostRateBits } from "../../src/promise/capacity.ts";

export const bestEffort: DirectionPromise = { guaranteeBits: 0, limitBits: null, burstBytes: null };

export function promiseWith(keys: Partial<PodPromise> = {}): PodPromise {
  return {
    egress: bestEffort,
    ingress: bestEffort,
    latencyTargetUs: null,
    tier: null,
    notes: [],
    ...keys,
  };
}

export const trees: TreeSettings = {
  uplink: "eth0",
  egressCapacityBits: 1e9,
  ingressCapacityBits: 900e6,
  egressReserveBits: 50e6,
  ingressReserveBits: 45e6,
  wireBits: 1e9,
  hostGsoMaxBytes: 65_536,
  setsHostGso: false,
  policesHost: true,
  leafKind: "bfifo",
  overcommit: "reject",
  hostClasses: [],
};

export function networkWith(keys: Partial<NetworkBase> = {}): NetworkBase {
  return {
    network: "pods",
    ingress: { kind: "bridge", name: "fw0", owned: true },
    mtuBytes: 1500,
    subnets: ["10.1.0.0/24"],
    gateways: ["10.1.0.1/24"],
    masquerade: null,
    antiSpoof: true,
    trees,
    ...keys,
  };
}

export function inputOf(networks: NetworkBase[], pods: Attachment[] = []): BaseInput {
  const [first] = networks;
  const { egressCapacityBits, egressReserveBits } = first?.trees ?? trees;
  return {
    networks,
    hostBits: hostRateBits(egressCapacityBits, egressReserveBits),
    promisedIngressBits: pods.reduce((sum, p) => sum + p.promise.ingress.guaranteeBits, 0),
  };
}

/** A pod of the network "pods" with that class, and an address that follows from it. */
export function podWith(classMinor: number, keys: Partial<Attachment> = {}): Attachment {
  const address = `10.1.0.${classMinor - 0x10 + 2}`;
  return {
    network: "pods",
    containerId: `c${classMinor}`,
    ifname: "eth0",
    phase: "ready",
    netns: `/run/netns/c${classMinor}`,
    hostVeth: hostVeth(classMinor),
    podMac: podMac(address),
    classMinor,
    leases: [{ address, prefixLength: 24, gateway: "10.1.0.1" }],
    routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }],
    mtuBytes: 1500,
    promise: promiseWith(),
    asks: { annotations: {}, bandwidth: null, overrides: null },
    podNamespace: null,
    podName: null,
    ...keys,
  };
}
