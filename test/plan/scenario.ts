/**
 * What happens to a node, at random: networks and pods come, go and change; somebody alters what
 * is there. Every choice is a number, so that fast-check can shrink it.
 */
import fc from "fast-check";
import { type BaseInput, desiredNode, treesOf } from "../../src/plan/desired.ts";
import { firstPodMinor, hostVeth, podMac } from "../../src/plan/names.ts";
import type {
  Attachment,
  DirectionPromise,
  Lease,
  NetworkBase,
  PodPromise,
  TreeSettings,
} from "../../src/plan/node.ts";
import { familiesOf } from "../../src/plan/node.ts";
import type { State } from "../../src/plan/state.ts";
import { FakeKernel } from "./fake.ts";
import { observeOurs } from "./fake-observe.ts";
import { Refused } from "./fake-store.ts";
import type { TcVersion } from "./fake-tc.ts";
import { bestEffort, inputOf, networkWith, promiseWith, trees } from "./samples.ts";
import { type Choices, tamperings } from "./tamperings.ts";

export const sysctls = [
  "net/ipv4/ip_forward",
  `net/ipv4/conf/${trees.uplink}/forwarding`,
  "net/bridge/bridge-nf-call-iptables",
  "net/bridge/bridge-nf-call-ip6tables",
  "net/ipv6/conf/all/forwarding",
];

export class Node {
  networks: NetworkBase[] = [];
  pods: Attachment[] = [];
  #named = 0;

  constructor(readonly kernel: FakeKernel) {}

  input(): BaseInput {
    return inputOf(this.networks, this.pods);
  }

  desired(): State {
    return desiredNode(this.input(), this.pods);
  }

  /** As src/node/reconcile/base.ts looks at a whole node. */
  observed(): State {
    const input = this.input();
    const [first] = this.networks;
    if (first === undefined) return new Map();
    const devices = treesOf(first.trees, first.ingress, input.hostBits).map((t) => t.dev);
    return observeOurs(this.kernel, this.desired(), first.ingress.name, devices);
  }

  newNetns(): string {
    const netns = `/run/netns/p${this.#named++}`;
    this.kernel.netnses.add(netns);
    return netns;
  }

  /** A namespace that goes takes its end of the pair with it, and so the pair. */
  endNetns(netns: string): void {
    for (const veth of this.kernel.all("veth")) if (veth.netns === netns) this.kernel.delete(veth);
    this.kernel.netnses.delete(netns);
  }

  freeMinor(): number {
    const taken = new Set(this.pods.map((p) => p.classMinor));
    for (let minor = firstPodMinor; ; minor++) if (!taken.has(minor)) return minor;
  }
}

const pick = <T>(list: readonly T[], choice: number): T | undefined => list[choice % list.length];

const rates = [0, 1_000, 8_000, 64_000, 10e6, 100e6, 400e6];

function directionOf(choice: number, hasTarget: boolean): DirectionPromise {
  const guaranteeBits = pick(rates, choice) ?? 0;
  const limits = [null, guaranteeBits, 1e9, 50e9].filter((l) => l === null || l > 0);
  const limitBits = hasTarget ? guaranteeBits || null : (pick(limits, choice >> 3) ?? null);
  const bursts = [null, null, 1_000, limitBits === null || limitBits > 1e6 ? 250_000 : null];
  return { guaranteeBits, limitBits, burstBytes: pick(bursts, choice >> 6) ?? null };
}

function promiseOf({ b, c }: Choices): PodPromise {
  const latencyTargetUs = pick([null, null, 500, 2_000_000], c) ?? null;
  const isTarget = latencyTargetUs !== null;
  return promiseWith({
    egress: directionOf(b, isTarget),
    ingress: b % 5 === 0 ? bestEffort : directionOf(b >> 1, isTarget),
    latencyTargetUs,
  });
}

const hasIpv6 = (network: NetworkBase): boolean => familiesOf(network).includes(6);

const subnetOf = (network: NetworkBase): string =>
  network.gateways[0]?.split(".").slice(0, 2).join(".") ?? "";

/** What the network masquerades, in pieces that overlap with those of the next choice. */
function masqueradeOf(prefix: string, choice: number): NetworkBase["masquerade"] {
  const number = prefix.split(".")[1];
  const subnets = pick(
    [
      [],
      [`${prefix}.0.0/24`],
      [`${prefix}.0.0/16`, `fd00:${number}::/64`],
      [`${prefix}.0.0/25`, `${prefix}.0.128/25`, `fd00:${number}::/65`],
    ],
    choice,
  );
  if (subnets === undefined || subnets.length === 0) return null;
  const except =
    pick([[], ["198.18.0.0/24"], ["198.18.0.0/16", "192.0.2.1", "fd00:18::/32"]], choice >> 2) ??
    [];
  return { subnets, except };
}

function ipv6Lease(prefix: string, number: number): Lease {
  const subnet = `fd00:${prefix.split(".")[1]}`;
  return {
    address: `${subnet}::${number.toString(16)}`,
    prefixLength: 64,
    gateway: `${subnet}::1`,
  };
}

function change(node: Node, settings: Partial<TreeSettings>): void {
  node.networks = node.networks.map((n) => ({ ...n, trees: { ...n.trees, ...settings } }));
}

type Change = (node: Node, choices: Choices) => void;

const changes: Record<string, Change> = {
  "a pod comes": (node, choices) => {
    const network = pick(node.networks, choices.a);
    if (network === undefined) return;
    const classMinor = node.freeMinor();
    const prefix = subnetOf(network);
    const address = `${prefix}.0.${classMinor - firstPodMinor + 2}`;
    const netns = node.newNetns();
    node.pods.push({
      network: network.network,
      containerId: netns.replaceAll("/", "-"),
      ifname: "eth0",
      phase: "ready",
      netns,
      hostVeth: hostVeth(classMinor),
      podMac: podMac(address),
      classMinor,
      leases: [
        { address, prefixLength: 24, gateway: `${prefix}.0.1` },
        ...(hasIpv6(network) ? [ipv6Lease(prefix, classMinor)] : []),
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: `${prefix}.0.1` },
        ...(hasIpv6(network) ? [{ dst: "::/0", gw: ipv6Lease(prefix, 1).gateway }] : []),
      ],
      mtuBytes: network.mtuBytes,
      promise: promiseOf(choices),
      asks: { annotations: {}, bandwidth: null, overrides: null },
      podNamespace: null,
      podName: null,
    });
  },
  "a pod goes": (node, { a, b }) => {
    const pod = pick(node.pods, a);
    if (pod === undefined) return;
    node.pods = node.pods.filter((p) => p !== pod);
    if (b % 2 === 0) node.endNetns(pod.netns);
  },
  "a pod's promise changes": (node, choices) => {
    const pod = pick(node.pods, choices.a);
    node.pods = node.pods.map((p) => (p === pod ? { ...p, promise: promiseOf(choices) } : p));
  },
  "another pod takes a pod's class and address": (node, choices) => {
    const pod = pick(node.pods, choices.a);
    if (pod === undefined) return;
    const netns = node.newNetns();
    const successor = { ...pod, netns, containerId: netns, promise: promiseOf(choices) };
    node.pods = node.pods.map((p) => (p === pod ? successor : p));
  },
  "a network comes": (node, { a, b }) => {
    const number = a % 3;
    const network = `net${number}`;
    if (node.networks.some((n) => n.network === network)) return;
    const prefix = `10.${number}`;
    node.networks.push(
      networkWith({
        network,
        // The second of them has IPv4 only.
        subnets: [`${prefix}.0.0/24`, ...(number === 1 ? [] : [`fd00:${number}::/64`])],
        gateways: [`${prefix}.0.1/24`, ...(number === 1 ? [] : [`fd00:${number}::1/64`])],
        masquerade: masqueradeOf(prefix, b),
        trees: node.networks[0]?.trees ?? trees,
      }),
    );
  },
  "a network goes": (node, { a }) => {
    const network = pick(node.networks, a);
    // The last one goes with all that there is: another test's.
    if (network === undefined || node.networks.length === 1) return;
    node.networks = node.networks.filter((n) => n !== network);
    node.pods = node.pods.filter((p) => p.network !== network.network);
  },
  "a masquerade changes": (node, { a, b }) => {
    const network = pick(node.networks, a);
    node.networks = node.networks.map((n) =>
      n === network ? { ...n, masquerade: masqueradeOf(subnetOf(n), b) } : n,
    );
  },
  "the trees change": (node, { a, b }) => {
    const [egress, ingress] = [pick([1e9, 10e6, 100e9], a), pick([1e9, 300e6], b)];
    change(node, { egressCapacityBits: egress ?? 1e9, ingressCapacityBits: ingress ?? 1e9 });
  },
  "the host's own share changes": (node, { a, b, c }) => {
    const kubelet = { name: "kubelet", ports: [10_250 + (c % 2)], egressGuaranteeBits: 1e6 + c };
    const ntp = { name: "ntp", ports: [123, 4_460], egressGuaranteeBits: 8_000 };
    change(node, {
      policesHost: b % 2 === 0,
      hostClasses: pick([[], [kubelet], [kubelet, ntp]], a) ?? [],
      setsHostGso: b % 4 < 2,
      hostGsoMaxBytes: b % 4 < 2 ? 16_384 + b : 65_536,
    });
  },
  "the bridge's MTU changes": (node, { a }) => {
    node.networks = node.networks.map((n) => ({ ...n, mtuBytes: 1400 + (a % 3) * 50 }));
  },
};

const choices = fc.record({ a: fc.nat(5), b: fc.nat(511), c: fc.nat(7) });
const event = <T extends string>(names: T[]) =>
  fc.record({ name: fc.constantFrom(...names), choices });

export const changeEvents = event(Object.keys(changes));
export const tamperEvents = event(Object.keys(tamperings));

export const allEvents = [...Object.keys(changes), ...Object.keys(tamperings)];

export type Event = { name: string; choices: Choices };

/** Whether it could happen here. */
export function happens(node: Node, { name, choices }: Event): boolean {
  const act = changes[name] ?? ((n: Node, c: Choices) => tamperings[name]?.(n.kernel, c));
  try {
    act(node, choices);
    return true;
  } catch (error) {
    // What cannot be done here does not happen; half of it may have.
    if (error instanceof Refused) return false;
    throw error;
  }
}

export function newNode(tc: TcVersion): Node {
  const node = new Node(new FakeKernel([trees.uplink], sysctls, tc));
  happens(node, { name: "a network comes", choices: { a: 0, b: 5, c: 0 } });
  return node;
}
