/** The desired state of a node: a pure function of what the ledger records. */
import { guardElements, guardedGroups, guardRuleset, linkLocal } from "./guard.ts";
import { type Family, families, ofFamily } from "./ip.ts";
import { leafQueue } from "./leaf-queue.ts";
import * as names from "./names.ts";
import type {
  Attachment,
  ChainedLink,
  Direction,
  IngressPlace,
  LeafKind,
  NetworkBase,
  TreeSettings,
} from "./node.ts";
import { attachmentName, directions, familiesOf, isChained, podAddresses } from "./node.ts";
import { gatewayRoutes, routeObject, subnetRoutes } from "./routes.ts";
import { type HostPolice, ruleset } from "./ruleset.ts";
import * as shapes from "./shape.ts";
import {
  acceptRaForwarding,
  baseOwner,
  type Element,
  type Entry,
  type HostLink,
  type Ipv6Setting,
  type KernelObject,
  merge,
  type Netns,
  type Qdisc,
  type State,
  stateOf,
} from "./state.ts";

/**
 * A tree: its device, its rate, and the bits that the host's own class gets (null means that there is no such
 * class).
 */
export interface Tree {
  direction: Direction;
  dev: string;
  capacityBits: number;
  hostBits: number | null;
}

/**
 * What the base needs in addition to the networks' records. `hostBits` is the rate of the host's own class
 * (promise/admission).
 */
export interface BaseInput {
  networks: NetworkBase[];
  hostBits: number;
  /** The sum of the ready pods' ingress guarantees. */
  promisedIngressBits: number;
}

/**
 * The egress tree stands on the uplink, where the host's own traffic passes too. The ingress tree stands
 * where the pods are.
 */
export function treesOf(settings: TreeSettings, ingress: IngressPlace, hostBits: number): Tree[] {
  return [
    {
      direction: "egress",
      dev: settings.uplink,
      capacityBits: settings.egressCapacityBits,
      hostBits,
    },
    {
      direction: "ingress",
      dev: ingress.name,
      capacityBits: settings.ingressCapacityBits,
      hostBits: null,
    },
  ];
}

/** `treeBits` is the rate of the tree that the leaf is in. */
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
      // Without a host class, unclassified packets are sent directly: host to pod, ARP.
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
  // A service that leads back to a pod on the same bridge is translated on the way in. The answer passes only
  // the bridge, and it is translated back only if bridged packets meet iptables.
  ["net/bridge/bridge-nf-call-iptables", "1"],
  ["net/bridge/bridge-nf-call-ip6tables", "1"],
];
const ipv6Sysctls: [string, string][] = [["net/ipv6/conf/all/forwarding", "1"]];

/**
 * IPv4 asks the interface that a packet came in by (ip_route_input_slow, net/ipv4/route.c). IPv6 asks only
 * "all".
 */
const forwardingOf = (dev: string): [string, string] => [`net/ipv4/conf/${dev}/forwarding`, "1"];

/**
 * Only the node's gateway may act as a router for the pods' network. If an advertisement from a pod were
 * accepted, it would lead everybody's IPv6 through that pod (CVE-2020-10749), even where pods have only IPv4.
 * The ledger keeps addresses apart, so nothing waits a second to find out whether they are in use.
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

/**
 * A node that forwards accepts router advertisements only where it is told to. This setting lets the uplink
 * go on as before.
 */
const keptAdvertisements = (uplink: string): Ipv6Setting => ({
  kind: "ipv6setting",
  netns: null,
  dev: uplink,
  name: "accept_ra",
  value: acceptRaForwarding,
});

/** For each name there is a class of the host's own in the egress tree, and its ports are in the map. */
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

/**
 * The host may receive what is not promised to pods, and at least the reserve. Above what nftables can hold
 * there is no limit.
 */
function hostPolice(trees: TreeSettings, promisedBits: number): HostPolice | null {
  if (!trees.policesHost) return null;
  const free = Math.max(trees.ingressCapacityBits - promisedBits, trees.ingressReserveBits);
  const shape = shapes.hostPoliceShape(free);
  return shape === null ? null : { uplink: trees.uplink, ...shape };
}

/** The bridge with its gateways, and what the node needs to route for it. */
function ownBridge(networks: NetworkBase[], name: string, mtuBytes: number): KernelObject[] {
  const hasIpv6 = networks.some((n) => familiesOf(n).includes(6));
  const uplinks = new Set(networks.map(({ trees }) => trees.uplink));
  const gateways = networks.flatMap((n) => n.gateways);
  const address = (cidr: string): KernelObject => ({
    kind: "address",
    netns: null,
    dev: name,
    cidr,
  });
  return [
    {
      kind: "bridge",
      name,
      mac: names.bridgeMac(name),
      mtuBytes,
      up: true,
      ...(hasIpv6 && { withoutDad: true as const }),
      unusual: "",
    },
    ...ipv6Settings(null, name, hasIpv6),
    ...(hasIpv6 ? [...uplinks].map(keptAdvertisements) : []),
    ...[...sysctls, ...[name, ...uplinks].map(forwardingOf), ...(hasIpv6 ? ipv6Sysctls : [])].map(
      ([path, value]): KernelObject => ({ kind: "sysctl", path, value }),
    ),
    ...gateways.map(address),
    // When the node asks for a pod's MAC on behalf of others, it asks from this address (ndisc_send_ns,
    // net/ipv6/ndisc.c).
    ...(hasIpv6 ? [address(`${linkLocal(names.bridgeMac(name))}/64`)] : []),
    ...gatewayRoutes(name, gateways),
  ];
}

const ifb = (name: string): KernelObject => ({
  kind: "ifb",
  name,
  mac: names.bridgeMac(name),
  up: true,
});

/** What all pods share. It is empty when there is no network. */
export function desiredBase({ networks, hostBits, promisedIngressBits }: BaseInput): State {
  const [first] = networks;
  if (first === undefined) return new Map();
  const { ingress, trees } = first;
  const mtuBytes = Math.max(...networks.map((n) => n.mtuBytes));
  const objects: KernelObject[] = [
    ...(isChained(first) ? [] : ownBridge(networks, ingress.name, mtuBytes)),
    ...(ingress.kind === "ifb" ? [ifb(ingress.name)] : []),
    ...(trees.setsHostGso
      ? [{ kind: "hostlink", name: trees.uplink, gsoMaxBytes: trees.hostGsoMaxBytes } as const]
      : []),
    ruleset({
      place: ingress,
      masquerades: networks.some((n) => n.masquerade !== null),
      hostPolice: hostPolice(trees, promisedIngressBits),
    }),
    ...(networks.some((n) => n.antiSpoof === true) ? [guardRuleset()] : []),
    ...networks.flatMap(masqueradeElements),
    ...hostClassObjects(trees),
    ...treesOf(trees, ingress, hostBits).flatMap((t) => tree(t, trees, mtuBytes)),
  ];
  return stateOf(objects.map((object): Entry => ({ owner: baseOwner, object })));
}

/** The pair, its addresses and its routes, for a pod whose interface is ours. */
function ownInterface(pod: Attachment, base: NetworkBase, gsoMaxBytes: number): KernelObject[] {
  const { netns, ifname, hostVeth, classMinor, mtuBytes } = pod;
  const addresses = podAddresses(pod);
  const hasIpv6 = addresses.some(({ family }) => family === 6);
  return [
    { kind: "veth", name: hostVeth, netns, ifname },
    {
      kind: "port",
      name: hostVeth,
      mac: names.hostMac(classMinor),
      mtuBytes,
      bridge: base.ingress.name,
      hairpin: true,
      groupForwardMask: base.antiSpoof === true ? guardedGroups : 0,
      up: true,
      unusual: "",
    },
    {
      kind: "podlink",
      netns,
      name: ifname,
      mac: pod.podMac,
      mtuBytes,
      gsoMaxBytes,
      up: true,
      unusual: "",
    },
    ...ipv6Settings(netns, ifname, hasIpv6),
    ...addresses.map(({ cidr }): KernelObject => ({ kind: "address", netns, dev: ifname, cidr })),
    ...subnetRoutes(
      netns,
      ifname,
      addresses.map(({ cidr }) => cidr),
    ),
    ...pod.routes.map((route) => routeObject(netns, ifname, route)),
    { kind: "announcement", netns, dev: ifname, mac: pod.podMac, port: hostVeth, hasIpv6 },
  ];
}

const clsact = (dev: string, txQueueLength: number | null): Qdisc => ({
  kind: "qdisc",
  dev,
  parent: names.clsactParent,
  handle: names.clsactHandle,
  spec: { type: "clsact", shared: false, txQueueLength },
});

/** The objects that lead into the tree what another plugin sends to the pod's interface. */
function redirection(hostVeth: string, { txQueueLength }: ChainedLink, to: string): KernelObject[] {
  return [
    { kind: "element", set: names.portSet, key: hostVeth, value: null },
    clsact(hostVeth, txQueueLength),
    { kind: "redirect", dev: hostVeth, to },
  ];
}

const podGso = ({ netns, ifname }: Attachment, gsoMaxBytes: number): HostLink => ({
  kind: "hostlink",
  netns,
  name: ifname,
  gsoMaxBytes,
});

function formerOf(pod: Attachment, chained: ChainedLink): KernelObject[] {
  const { formerGsoMaxBytes, formerGsoIpv4MaxBytes, hadClsact } = chained;
  return [
    {
      ...podGso(pod, formerGsoMaxBytes),
      ...(formerGsoIpv4MaxBytes !== undefined && { gsoIpv4MaxBytes: formerGsoIpv4MaxBytes }),
    },
    ...(hadClsact === true ? [clsact(pod.hostVeth, null)] : []),
  ];
}

/** What is put back once the attachment is gone, for a pod whose interface another plugin made. */
export function formerPod(pod: Attachment): State {
  const { chained = null } = pod;
  const objects = chained === null ? [] : formerOf(pod, chained);
  return stateOf(objects.map((object): Entry => ({ owner: attachmentName(pod), object })));
}

/** What one pod has in addition to the base. */
export function desiredPod(pod: Attachment, base: NetworkBase): State {
  const { ingress, trees } = base;
  const { classMinor, mtuBytes, chained = null } = pod;
  const gsoMaxBytes = shapes.podGsoMaxBytes(trees.egressCapacityBits, mtuBytes);
  const capacity = { egress: trees.egressCapacityBits, ingress: trees.ingressCapacityBits };
  const device = { egress: trees.uplink, ingress: ingress.name };
  const objects: KernelObject[] = [
    ...(chained === null
      ? ownInterface(pod, base, gsoMaxBytes)
      : // Everybody's delay depends on each pod's largest unit. A smaller unit was somebody's choice.
        [podGso(pod, Math.min(gsoMaxBytes, chained.formerGsoMaxBytes))]),
    ...(chained !== null && ingress.kind === "ifb"
      ? redirection(pod.hostVeth, chained, ingress.name)
      : []),
    ...directions.flatMap((direction) =>
      leaf(
        { dev: device[direction], minor: classMinor, treeBits: capacity[direction] },
        shapes.leafShape(pod.promise, direction, capacity[direction], gsoMaxBytes),
        trees.leafKind,
      ),
    ),
    ...podAddresses(pod).map(
      ({ family, address }): KernelObject => ({
        kind: "element",
        set: names.classMap[family],
        key: address,
        value: names.classid(classMinor),
      }),
    ),
    ...(chained === null && base.antiSpoof === true ? guardElements(pod) : []),
  ];
  const owner = attachmentName(pod);
  return stateOf(objects.map((object): Entry => ({ owner, object })));
}

/** The desired state of the whole node. Every attachment's network has a base. */
export function desiredNode(input: BaseInput, attachments: Attachment[]): State {
  const bases = new Map(input.networks.map((n) => [n.network, n]));
  const pods = attachments.flatMap((pod) => {
    const base = bases.get(pod.network);
    return base === undefined ? [] : [desiredPod(pod, base)];
  });
  return merge(desiredBase(input), ...pods);
}
