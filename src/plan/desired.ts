/** The desired state of a node: a pure function of what the ledger records. */
import { guardElements, guardRuleset } from "./guard.ts";
import { type Family, families, ofFamily } from "./ip.ts";
import { type Element, elementOf } from "./kinds/element.ts";
import type { HostLink } from "./kinds/hostlink.ts";
import { type Qdisc, qdiscOf } from "./kinds/qdisc.ts";
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
import { attachmentName, directions, isChained, podAddresses } from "./node.ts";
import { ownBridge, ownInterface } from "./own-links.ts";
import { type HostPolice, ruleset } from "./ruleset.ts";
import * as shapes from "./shape.ts";
import { baseOwner, type Entry, type KernelObject, merge, type State, stateOf } from "./state.ts";

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
    qdiscOf(dev, classid, names.leafHandle(minor), leafQueue(kind, shape, treeBits)),
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
    qdiscOf(dev, "root", names.tbfHandle, {
      type: "tbf",
      ...shapes.tbfShape(capacityBits, unitBytes),
    }),
    qdiscOf(dev, names.tbfClass, names.htbHandle, {
      type: "htb",
      // Without a host class, unclassified packets are sent directly: host to pod, ARP.
      defaultMinor: hostBits === null ? 0 : names.hostMinor,
    }),
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
      ...ports.map((port) => elementOf(names.hostPortMap, String(port), names.classid(minor))),
    ];
  });
}

function masqueradeElements({ masquerade }: NetworkBase): Element[] {
  if (masquerade === null) return [];
  return families.flatMap((family: Family) => {
    const except = ofFamily(masquerade.except, family);
    return ofFamily(masquerade.subnets, family).flatMap((subnet) => [
      elementOf(names.masqueradeSet[family], subnet),
      ...except.map((to) => elementOf(names.masqueradeExceptSet[family], `${subnet} . ${to}`)),
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

const clsact = (dev: string, txQueueLength: number | null): Qdisc =>
  qdiscOf(dev, names.clsactParent, names.clsactHandle, {
    type: "clsact",
    shared: false,
    txQueueLength,
  });

/** The objects that lead into the tree what another plugin sends to the pod's interface. */
function redirection(hostVeth: string, { txQueueLength }: ChainedLink, to: string): KernelObject[] {
  return [
    elementOf(names.portSet, hostVeth),
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
    ...podAddresses(pod).map(({ family, address }) =>
      elementOf(names.classMap[family], address, names.classid(classMinor)),
    ),
    ...(chained === null && base.antiSpoof === true ? guardElements(pod) : []),
  ];
  const owner = attachmentName(pod);
  return stateOf(objects.map((object): Entry => ({ owner, object })));
}

/** What these pods have in addition to the base. A pod of a network that is not there has nothing. */
export function desiredPods(
  networks: readonly NetworkBase[],
  attachments: readonly Attachment[],
): State {
  const bases = new Map(networks.map((n) => [n.network, n]));
  const pods = attachments.flatMap((pod) => {
    const base = bases.get(pod.network);
    return base === undefined ? [] : [desiredPod(pod, base)];
  });
  return merge(...pods);
}

/** The desired state of the whole node. Every attachment's network has a base. */
export const desiredNode = (input: BaseInput, attachments: readonly Attachment[]): State =>
  merge(desiredBase(input), desiredPods(input.networks, attachments));
