/** The desired state of a node: a pure function of what the ledger records. */
import { guardElements, guardedGroups, guardRuleset } from "./guard.ts";
import { type Family, families, ofFamily } from "./ip.ts";
import { leafQueue } from "./leaf-queue.ts";
import * as names from "./names.ts";
import type { Attachment, Direction, LeafKind, NetworkBase, TreeSettings } from "./node.ts";
import { attachmentName, directions, familiesOf, podAddresses } from "./node.ts";
import { routeObject } from "./routes.ts";
import { type HostPolice, ruleset } from "./ruleset.ts";
import * as shapes from "./shape.ts";
import {
  acceptRaForwarding,
  baseOwner,
  type Element,
  type Entry,
  type Ipv6Setting,
  type KernelObject,
  merge,
  type Netns,
  type State,
  stateOf,
} from "./state.ts";

/** A tree: the device that it stands on, its rate, and the bits that the host's own class gets (null: none). */
export interface Tree {
  direction: Direction;
  dev: string;
  capacityBits: number;
  hostBits: number | null;
}

/** What the base needs beside the networks' records: the rate of the host's own class (promise/admission). */
export interface BaseInput {
  networks: NetworkBase[];
  hostBits: number;
  /** The sum of the ready pods' ingress guarantees. */
  promisedIngressBits: number;
}

/** Egress on the uplink, where the host's own traffic passes too; ingress on the bridge. */
export function treesOf(settings: TreeSettings, bridge: string, hostBits: number): Tree[] {
  return [
    {
      direction: "egress",
      dev: settings.uplink,
      capacityBits: settings.egressCapacityBits,
      hostBits,
    },
    {
      direction: "ingress",
      dev: bridge,
      capacityBits: settings.ingressCapacityBits,
      hostBits: null,
    },
  ];
}

/** `treeBits`: the rate of the tree that the leaf is in. */
function leaf(
  { dev, minor, treeBits }: { dev: string; minor: number; treeBits: number },
  shape: shapes.LeafShape,
  kind: LeafKind,
): KernelObject[] {
  const { queueLimitBytes: _, ...rates } = shape;
  const classid = names.classid(minor);
  return [
    { kind: "class", dev, classid, parent: names.classid(names.rootMinor), ...rates },
    {
      kind: "qdisc",
      dev,
      parent: classid,
      handle: names.leafHandle(minor),
      spec: leafQueue(kind, shape, treeBits),
    },
  ];
}

function tree(
  { direction, dev, capacityBits, hostBits }: Tree,
  settings: TreeSettings,
  mtuBytes: number,
): KernelObject[] {
  const unitBytes =
    direction === "egress" ? shapes.egressUnitBytes(settings, mtuBytes) : shapes.ingressUnitBytes;
  return [
    {
      kind: "qdisc",
      dev,
      parent: "root",
      handle: names.tbfHandle,
      spec: { type: "tbf", ...shapes.tbfShape(capacityBits, unitBytes) },
    },
    {
      kind: "qdisc",
      dev,
      parent: names.tbfClass,
      handle: names.htbHandle,
      // Without a host class what is not classified goes direct: host to pod, ARP.
      spec: { type: "htb", defaultMinor: hostBits === null ? 0 : names.hostMinor },
    },
    {
      kind: "class",
      dev,
      classid: names.classid(names.rootMinor),
      parent: "root",
      ...shapes.rootShape(capacityBits),
    },
    ...(hostBits === null
      ? []
      : leaf(
          { dev, minor: names.hostMinor, treeBits: capacityBits },
          shapes.hostShape(settings, hostBits),
          settings.leafKind,
        )),
  ];
}

const sysctls: [string, string][] = [
  ["net/ipv4/ip_forward", "1"],
  // A service that leads back to a pod on the same bridge is translated on the way in; the answer
  // passes the bridge only, and is translated back only if bridged packets meet iptables.
  ["net/bridge/bridge-nf-call-iptables", "1"],
  ["net/bridge/bridge-nf-call-ip6tables", "1"],
];
const ipv6Sysctls: [string, string][] = [["net/ipv6/conf/all/forwarding", "1"]];

/**
 * No router but the node's gateway speaks for the pods' network: an advertisement that is accepted from a
 * pod leads everybody's IPv6 through it (CVE-2020-10749), also where pods have IPv4 only. Addresses are
 * the ledger's to keep apart, so nothing waits a second to find out whether they are in use.
 */
function ipv6Settings(netns: Netns, dev: string, hasIpv6: boolean): Ipv6Setting[] {
  const setting = (name: Ipv6Setting["name"], value: string): Ipv6Setting => ({
    kind: "ipv6setting",
    netns,
    dev,
    name,
    value,
  });
  return [
    setting("accept_ra", "0"),
    ...(hasIpv6 ? [setting("accept_dad", "0"), setting("disable_ipv6", "0")] : []),
  ];
}

/** A node that forwards accepts no router advertisements but where it is told to: the uplink goes on as before. */
const keptAdvertisements = (uplink: string): Ipv6Setting => ({
  kind: "ipv6setting",
  netns: null,
  dev: uplink,
  name: "accept_ra",
  value: acceptRaForwarding,
});

/** A class of the host's own for each name, in the egress tree, and its ports in the map. */
function hostClassObjects(settings: TreeSettings): KernelObject[] {
  return settings.hostClasses.flatMap(({ ports, egressGuaranteeBits }, index): KernelObject[] => {
    const minor = names.hostClassMinors[index];
    if (minor === undefined) throw new RangeError(`no number for host class ${index}`);
    return [
      ...leaf(
        { dev: settings.uplink, minor, treeBits: settings.egressCapacityBits },
        shapes.hostShape(settings, egressGuaranteeBits),
        settings.leafKind,
      ),
      ...ports.map(
        (port): Element => ({
          kind: "element",
          set: names.hostPortMap,
          key: String(port),
          value: names.classid(minor),
        }),
      ),
    ];
  });
}

function masqueradeElements({ masquerade }: NetworkBase): Element[] {
  if (masquerade === null) return [];
  const element = (set: string, key: string): Element => ({
    kind: "element",
    set,
    key,
    value: null,
  });
  return families.flatMap((family: Family) => {
    const except = ofFamily(masquerade.except, family);
    return ofFamily(masquerade.subnets, family).flatMap((subnet) => [
      element(names.masqueradeSet[family], subnet),
      ...except.map((to) => element(names.masqueradeExceptSet[family], `${subnet} . ${to}`)),
    ]);
  });
}

/** What is not promised to pods, and at least the reserve, is the host's. Above what nftables can hold there is no limit. */
function hostPolice(trees: TreeSettings, promisedBits: number): HostPolice | null {
  if (!trees.policesHost) return null;
  const free = Math.max(trees.ingressCapacityBits - promisedBits, trees.ingressReserveBits);
  const shape = shapes.hostPoliceShape(free);
  return shape === null ? null : { uplink: trees.uplink, ...shape };
}

/** What all pods share. Empty without a network. */
export function desiredBase({ networks, hostBits, promisedIngressBits }: BaseInput): State {
  const [first] = networks;
  if (first === undefined) return new Map();
  const { bridge, trees } = first;
  const mtuBytes = Math.max(...networks.map((n) => n.mtuBytes));
  const hasIpv6 = networks.some((n) => familiesOf(n).includes(6));
  const objects: KernelObject[] = [
    {
      kind: "bridge",
      name: bridge,
      mac: names.bridgeMac(bridge),
      mtuBytes,
      up: true,
      ...(hasIpv6 && { withoutDad: true as const }),
    },
    ...(trees.setsHostGso
      ? [{ kind: "hostlink", name: trees.uplink, gsoMaxBytes: trees.hostGsoMaxBytes } as const]
      : []),
    ...ipv6Settings(null, bridge, hasIpv6),
    ...(hasIpv6 ? [keptAdvertisements(trees.uplink)] : []),
    ...[...sysctls, ...(hasIpv6 ? ipv6Sysctls : [])].map(
      ([path, value]): KernelObject => ({ kind: "sysctl", path, value }),
    ),
    ...networks.flatMap((n) =>
      n.gateways.map((cidr): KernelObject => ({ kind: "address", netns: null, dev: bridge, cidr })),
    ),
    ruleset(bridge, hostPolice(trees, promisedIngressBits)),
    ...(networks.some((n) => n.antiSpoof === true) ? [guardRuleset()] : []),
    ...networks.flatMap(masqueradeElements),
    ...hostClassObjects(trees),
    ...treesOf(trees, bridge, hostBits).flatMap((t) => tree(t, trees, mtuBytes)),
  ];
  return stateOf(objects.map((object): Entry => ({ owner: baseOwner, object })));
}

/** What one pod has beside the base. */
export function desiredPod(pod: Attachment, base: NetworkBase): State {
  const { bridge, trees } = base;
  const { netns, ifname, hostVeth, classMinor, mtuBytes } = pod;
  const gsoMaxBytes = shapes.podGsoMaxBytes(trees.egressCapacityBits, mtuBytes);
  const capacity = { egress: trees.egressCapacityBits, ingress: trees.ingressCapacityBits };
  const device = { egress: trees.uplink, ingress: bridge };
  const addresses = podAddresses(pod);
  const objects: KernelObject[] = [
    { kind: "veth", name: hostVeth, netns, ifname },
    {
      kind: "port",
      name: hostVeth,
      mac: names.hostMac(classMinor),
      mtuBytes,
      bridge,
      hairpin: true,
      groupForwardMask: base.antiSpoof === true ? guardedGroups : 0,
      up: true,
    },
    { kind: "podlink", netns, name: ifname, mac: pod.podMac, mtuBytes, gsoMaxBytes, up: true },
    ...ipv6Settings(
      netns,
      ifname,
      addresses.some(({ family }) => family === 6),
    ),
    ...addresses.map(({ cidr }): KernelObject => ({ kind: "address", netns, dev: ifname, cidr })),
    ...pod.routes.map((route) => routeObject(netns, ifname, route)),
    ...directions.flatMap((direction) =>
      leaf(
        { dev: device[direction], minor: classMinor, treeBits: capacity[direction] },
        shapes.leafShape(pod.promise, direction, capacity[direction], gsoMaxBytes),
        trees.leafKind,
      ),
    ),
    ...addresses.map(
      ({ family, address }): KernelObject => ({
        kind: "element",
        set: names.classMap[family],
        key: address,
        value: names.classid(classMinor),
      }),
    ),
    ...(base.antiSpoof === true ? guardElements(pod) : []),
  ];
  const owner = attachmentName(pod);
  return stateOf(objects.map((object): Entry => ({ owner, object })));
}

/** The whole node. Every attachment's network has a base. */
export function desiredNode(input: BaseInput, attachments: Attachment[]): State {
  const bases = new Map(input.networks.map((n) => [n.network, n]));
  const pods = attachments.flatMap((pod) => {
    const base = bases.get(pod.network);
    return base === undefined ? [] : [desiredPod(pod, base)];
  });
  return merge(desiredBase(input), ...pods);
}
