/**
 * What a node has promised, in the form that the ledger records and the plan reads. It is plain data: it can
 * be written as JSON and read back.
 */

import { type Family, families, familyOf, ofFamily } from "./ip.ts";

/** Rates are whole bits per second of Ethernet frames, as HTB counts them (IP packet + 14 bytes). */
export interface DirectionPromise {
  /** 0 means best effort. */
  guaranteeBits: number;
  /** null means that there is no limit but the tree's rate. */
  limitBits: number | null;
  /** null means that it is derived from the rates. */
  burstBytes: number | null;
}

/** Egress is from the pod, ingress is to the pod. */
export const directions = ["egress", "ingress"] as const;
export type Direction = (typeof directions)[number];

export interface PodPromise {
  egress: DirectionPromise;
  ingress: DirectionPromise;
  latencyTargetUs: number | null;
  /** The tier that the fields came from. It is null when they came from none. */
  tier: string | null;
  /** What a person should know about how this promise was made. `explain` and `status` show it. */
  notes: string[];
}

/** The key of an attachment, as the CNI defines it. */
export interface AttachmentKey {
  network: string;
  containerId: string;
  ifname: string;
}

/** An address as text with its prefix length, "10.244.1.2/24", and the gateway of its subnet. */
export interface Lease {
  address: string;
  prefixLength: number;
  gateway: string | null;
}

/** For a field that is absent the kernel chooses. */
export interface PodRoute {
  dst: string;
  gw: string | null;
  mtuBytes?: number;
  advmssBytes?: number;
  priority?: number;
  table?: number;
  scope?: number;
}

/**
 * runtimeConfig.bandwidth, read without regard to upper or lower case. Rates are in bits per second, bursts
 * in bits. A field is absent where it is zero or the runtime's default.
 */
export interface BandwidthCapability {
  ingressRateBits?: number;
  ingressBurstBits?: number;
  egressRateBits?: number;
  egressBurstBits?: number;
}

/** What one claim of dynamic resource allocation gives a pod in one direction. */
export interface ClaimedRate {
  claimUid: string;
  /** "NAMESPACE/NAME" */
  claim: string;
  direction: Direction;
  rateBits: number;
}

/** The settings that asked for a promise. They are kept so that the promise can be asked for again. */
export interface PodAsks {
  /** Those annotations of the pod that Fairway reads. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  /** What `fairway set` put over them, as annotations. null means that the pod has its own. */
  overrides: Record<string, string> | null;
  /** Absent means that the pod has none. They stay while the pod does, whatever becomes of the claims. */
  claims?: readonly ClaimedRate[];
}

/**
 * Where an attachment is in its life. One that is not ready belongs to the ADD or DEL that is working on it,
 * or that died while it did.
 */
export type Phase = "adding" | "ready" | "deleting";

/** One attachment: a row of the ledger. */
export interface Attachment extends AttachmentKey {
  phase: Phase;
  netns: string;
  hostVeth: string;
  podMac: string;
  /** The minor number of the pod's class, the same in both trees. */
  classMinor: number;
  leases: Lease[];
  routes: PodRoute[];
  mtuBytes: number;
  promise: PodPromise;
  asks: PodAsks;
  podNamespace: string | null;
  podName: string | null;
  /** Kubernetes' own id of the pod. It is absent where the runtime did not tell it. */
  podUid?: string;
  /**
   * For a pod whose interface another plugin made: what that interface was before us. Absent or null means
   * that the interface is ours.
   */
  chained?: ChainedLink | null;
}

export interface ChainedLink {
  /** gso_max_size of the pod's interface. It is put back when the attachment is removed. */
  formerGsoMaxBytes: number;
  /** IPv4's own limit, where it does not follow from that size (kinds/hostlink.ts). */
  formerGsoIpv4MaxBytes?: number;
  /**
   * The length of its host interface. It is kept because the kernel changes a length of 0 when a qdisc is
   * attached.
   */
  txQueueLength: number;
  /** Whether somebody's clsact was on it before us. In that case it stays. */
  hadClsact?: true;
}

/** Whether another plugin made the pods' interfaces. */
export function isChained({ ingress }: Pick<NetworkBase, "ingress">): boolean {
  return ingress.kind === "ifb" || !ingress.owned;
}

/**
 * Where the ingress tree stands. It is on the pods' bridge, which is ours (`owned`) or another plugin's.
 * Where another plugin routes to each pod's host interface, it is on an IFB of ours that is fed from those
 * interfaces.
 */
export type IngressPlace =
  | { kind: "bridge"; name: string; owned: boolean }
  | { kind: "ifb"; name: string };

/** What a network asks of the node's shared base. It is resolved: there is no "default" left in it. */
export interface NetworkBase {
  network: string;
  ingress: IngressPlace;
  mtuBytes: number;
  /** The subnets that the network gives addresses from, of both families: "10.244.1.0/24". */
  subnets: string[];
  /** The gateways on the bridge, with their prefix lengths: "10.244.1.1/24". */
  gateways: string[];
  /** null means no masquerade. `except` lists the destinations that see the pod's own address. */
  masquerade: { subnets: string[]; except: string[] } | null;
  /**
   * Whether pods may send only with their own addresses. It is the same for all networks of a node, since
   * they share a bridge. It is absent in what was recorded by a version that did not know it.
   */
  antiSpoof?: boolean;
  trees: TreeSettings;
}

/** What the node itself sends to or from these TCP or UDP ports and must not lose to pods. */
export interface HostClass {
  name: string;
  ports: number[];
  egressGuaranteeBits: number;
}

/** The kinds of queue below a leaf (leaf-queue.ts). */
export type LeafKind = "fq_codel" | "bfifo";

/** The two trees. All networks of a node share them. */
export interface TreeSettings {
  uplink: string;
  egressCapacityBits: number;
  ingressCapacityBits: number;
  /** What happens to a guarantee that does not fit (`overcommit` of the configuration). */
  overcommit: "reject" | "scale";
  egressReserveBits: number;
  ingressReserveBits: number;
  /** What the wire carries. It is at least the egress capacity. */
  wireBits: number;
  /** The largest unit that the host itself puts into the egress tree: the uplink's gso_max_size. */
  hostGsoMaxBytes: number;
  /** Whether what the host itself receives is limited to what is not promised to pods. */
  policesHost: boolean;
  /** Sorted by name. */
  hostClasses: HostClass[];
  /** Whether the configuration asks for that size. Otherwise it is the uplink's own. */
  setsHostGso: boolean;
  /** The kind of queue below each leaf, as far as the kernel offers it. */
  leafKind: LeafKind;
}

/**
 * A pod's address, of either family. Classes, filters and the pod's own interface are all made from this one
 * list.
 */
export interface PodAddress {
  family: Family;
  /** "10.244.1.2" */
  address: string;
  /** "10.244.1.2/24" */
  cidr: string;
}

export function podAddresses({ leases }: Pick<Attachment, "leases">): PodAddress[] {
  return leases.map(({ address, prefixLength }) => ({
    family: familyOf(address),
    address,
    cidr: `${address}/${prefixLength}`,
  }));
}

/** The families of which a network gives addresses. */
export function familiesOf({ subnets }: Pick<NetworkBase, "subnets">): Family[] {
  return families.filter((family) => ofFamily(subnets, family).length > 0);
}

export function sameAttachment(a: AttachmentKey, b: AttachmentKey): boolean {
  return a.network === b.network && a.containerId === b.containerId && a.ifname === b.ifname;
}

/**
 * The pod's name as Kubernetes writes it. null means that the runtime did not tell it. If the runtime left
 * out the namespace, it is the default one.
 */
export function podTitle(pod: Pick<Attachment, "podNamespace" | "podName">): string | null {
  return pod.podName === null ? null : `${pod.podNamespace ?? "default"}/${pod.podName}`;
}

/** The name for logs and messages. */
export function attachmentName(key: AttachmentKey): string {
  return `${key.network}/${key.containerId}/${key.ifname}`;
}
