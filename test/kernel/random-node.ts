/** A node's desired state, as random as configurations and pods can be, the same for a seed. */

import { type BaseInput, desiredBase, desiredPod } from "../../src/plan/desired.ts";
import { ingressIfb, podMac } from "../../src/plan/names.ts";
import type {
  HostClass,
  LeafKind,
  NetworkBase,
  PodPromise,
  PodRoute,
} from "../../src/plan/node.ts";
import { type Attachment, familiesOf, isChained } from "../../src/plan/node.ts";
import { merge, type State } from "../../src/plan/state.ts";
import { hostRateBits, reserveBits } from "../../src/promise/capacity.ts";
import type { Random } from "../node/model/random.ts";
import { podWith, promiseWith, trees } from "../plan/samples.ts";

export interface Place {
  uplink: string;
  leafKind: LeafKind;
  /** The namespace of a pod, by its number. */
  netns(pod: number): string;
}

export const podCount = 3;

/** The pair that another plugin made for a pod, in chained mode: it is there from the beginning. */
export const chainedEnds = (pod: number) => ({ host: `up${pod}`, pod: "net1" });

const mbit = 1e6;

function networkOf(random: Random, { uplink, leafKind }: Place): NetworkBase {
  // Above 34.4 Gbit/s a rate does not fit into 32 bits of bytes per second.
  const capacityBits = random.pick([10 * mbit, 1e9, 9_999_999_999, 25e9, 100e9, 400e9]) ?? 1e9;
  const ipv4 = !random.isOneIn(5);
  const ipv6 = !ipv4 || random.isOneIn(2);
  const subnets = [...(ipv4 ? ["198.19.1.0/24"] : []), ...(ipv6 ? ["fd00:1::/64"] : [])];
  const setsHostGso = random.isOneIn(3);
  const hostClasses: HostClass[] = random.isOneIn(3)
    ? [{ name: "api", ports: [6443, 10_250], egressGuaranteeBits: 1 * mbit }]
    : [];
  return {
    network: "pods",
    ingress: { kind: "bridge", name: "fw0", owned: true },
    mtuBytes: random.whole(1280, 9000),
    subnets,
    gateways: [...(ipv4 ? ["198.19.1.1/24"] : []), ...(ipv6 ? ["fd00:1::1/64"] : [])],
    masquerade: random.isOneIn(2)
      ? {
          subnets,
          except: random.isOneIn(2) ? ["198.18.0.0/16", "198.19.7.7", "fd00:9::/32"] : [],
        }
      : null,
    antiSpoof: !random.isOneIn(3),
    trees: {
      ...trees,
      uplink,
      leafKind,
      egressCapacityBits: capacityBits,
      ingressCapacityBits: random.pick([capacityBits, 50 * mbit, 37e9]) ?? capacityBits,
      egressReserveBits: reserveBits({ kind: "percent", percent: 5 }, capacityBits),
      ingressReserveBits: 1 * mbit,
      wireBits: capacityBits,
      policesHost: random.isOneIn(2),
      hostClasses,
      setsHostGso,
      hostGsoMaxBytes: setsHostGso ? (random.pick([9_000, 65_536, 131_072]) ?? 9_000) : 65_536,
    },
  };
}

/** The same after a plugin that routes: nothing of what is that one's. */
function chainedNetwork(random: Random, place: Place): NetworkBase {
  const { antiSpoof: _, ...network } = networkOf(random, place);
  return {
    ...network,
    ingress: { kind: "ifb", name: ingressIfb },
    gateways: [],
    masquerade: null,
  };
}

function promise(random: Random): PodPromise {
  const direction = (): PodPromise["egress"] => {
    const guaranteeBits = random.isOneIn(2) ? random.whole(1, 5_000_000) : 0;
    const limitBits = random.isOneIn(2)
      ? guaranteeBits + random.whole(8_000, 1e9) * random.whole(1, 40)
      : null;
    return {
      guaranteeBits,
      limitBits,
      burstBytes: random.isOneIn(3) ? random.whole(20_000, 200_000) : null,
    };
  };
  return promiseWith({
    egress: direction(),
    ingress: direction(),
    latencyTargetUs: random.isOneIn(3) ? random.whole(500, 20_000) : null,
  });
}

function routes(random: Random, families: readonly number[]): PodRoute[] {
  const known: PodRoute[] = families.includes(4)
    ? [
        { dst: "0.0.0.0/0", gw: "198.19.1.1" },
        { dst: "198.18.4.0/22", gw: "198.19.1.1", mtuBytes: 1300, advmssBytes: 1200 },
        { dst: "198.18.9.9/32", gw: null },
        { dst: "198.18.10.0/24", gw: "198.19.1.1", priority: random.whole(1, 90), table: 100 },
        { dst: "198.18.11.0/24", gw: "198.19.1.1", table: 70_000 },
        { dst: "198.18.12.0/24", gw: null, scope: 253, priority: 7 },
      ]
    : [];
  if (families.includes(6))
    known.push(
      { dst: "::/0", gw: "fd00:1::1" },
      { dst: "fd00:7::/48", gw: "fd00:1::1", mtuBytes: 1280, priority: random.whole(1, 2000) },
      { dst: "fd00:8::8/128", gw: null },
    );
  return known.filter(() => !random.isOneIn(3));
}

function pod(random: Random, network: NetworkBase, number: number, netns: string): Attachment {
  const families = familiesOf(network);
  const last = random.whole(2, 200);
  const leases = [
    ...(families.includes(4)
      ? [{ address: `198.19.1.${last}`, prefixLength: 24, gateway: "198.19.1.1" }]
      : []),
    ...(families.includes(6)
      ? [{ address: `fd00:1::${last.toString(16)}`, prefixLength: 64, gateway: "fd00:1::1" }]
      : []),
  ];
  const ends = chainedEnds(number);
  return podWith(0x10 + number, {
    ...(isChained(network) && {
      hostVeth: ends.host,
      ifname: ends.pod,
      chained: { formerGsoMaxBytes: 65_536, txQueueLength: random.pick([0, 1000]) ?? 0 },
    }),
    netns,
    leases,
    podMac: podMac(leases[0]?.address ?? ""),
    routes: isChained(network) ? [] : routes(random, families),
    mtuBytes: network.mtuBytes,
    promise: promise(random),
  });
}

/** Its base, and some of its pods. */
export function randomNode(random: Random, place: Place): State {
  const network = random.isOneIn(4) ? chainedNetwork(random, place) : networkOf(random, place);
  const { egressCapacityBits, egressReserveBits } = network.trees;
  const input: BaseInput = {
    networks: [network],
    hostBits: hostRateBits(egressCapacityBits, egressReserveBits),
    promisedIngressBits: random.whole(0, 3) * mbit,
  };
  const pods = Array.from({ length: podCount }, (_, number) =>
    pod(random, network, number, place.netns(number)),
  ).filter(() => !random.isOneIn(3));
  return merge(desiredBase(input), ...pods.map((each) => desiredPod(each, network)));
}
