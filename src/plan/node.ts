/**
 * What a node has promised, as the ledger records it and as the plan reads it.
 * Plain data: JSON in, JSON out.
 */

import { type Family, families, familyOf, ofFamily } from "./ip.ts";

/** Rates are whole bits per second of Ethernet frames, as HTB counts them (IP packet + 14 bytes). */
export interface DirectionPromise {
  /** 0: best effort. */
  guaranteeBits: number;
  /** null: no limit but the tree's rate. */
  limitBits: number | null;
  /** null: derived from the rates. */
  burstBytes: number | null;
}

/** Egress is from the pod, ingress is to the pod. */
export const directions = ["egress", "ingress"] as const;
export type Direction = (typeof directions)[number];

export interface PodPromise {
  egress: DirectionPromise;
  ingress: DirectionPromise;
  latencyTargetUs: number | null;
  /** The tier that the fields came from, where one did. */
  tier: string | null;
  /** What a person should know of how this came about, for `explain` and `status`. */
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

/** Absent: the kernel's own choice. */
export interface PodRoute {
  dst: string;
  gw: string | null;
  mtuBytes?: number;
  advmssBytes?: number;
  priority?: number;
  table?: number;
  scope?: number;
}

/** runtimeConfig.bandwidth, its letter case folded: bits per second, bursts in bits; absent where zero or the runtime's default. */
export interface BandwidthCapability {
  ingressRateBits?: number;
  ingressBurstBits?: number;
  egressRateBits?: number;
  egressBurstBits?: number;
}

/** What a promise was asked with, kept so that it can be asked again. */
export interface PodAsks {
  /** Those of the pod's annotations that Fairway reads. */
  annotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  /** What `fairway set` put over them, as annotations; null: the pod has its own. */
  overrides: Record<string, string> | null;
}

/** Where an attachment is in its life. What is not ready belongs to the ADD or DEL that is at work on it, or that died at it. */
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
  /**
   * Of a pod whose interface another plugin made: what that was before us. Absent or null: the
   * interface is ours.
   */
  chained?: ChainedLink | null;
}

export interface ChainedLink {
  /** gso_max_size of the pod's interface, put back when the attachment goes. */
  formerGsoMaxBytes: number;
  /** IPv4's own, where it does not follow from that (gso.ts). */
  formerGsoIpv4MaxBytes?: number;
  /** Of its host interface: the kernel makes another of 0 when a qdisc is attached. */
  txQueueLength: number;
  /** Whether somebody's clsact stood on it before us: it stays then. */
  hadClsact?: true;
}

/** Whether the pods' interfaces are another plugin's. */
export function isChained({ ingress }: Pick<NetworkBase, "ingress">): boolean {
  return ingress.kind === "ifb" || !ingress.owned;
}

/**
 * Where the ingress tree stands: on the pods' bridge, ours (`owned`) or another plugin's; or, where
 * another plugin routes to each pod's host interface, on an IFB of ours that is fed from those.
 */
export type IngressPlace =
  | { kind: "bridge"; name: string; owned: boolean }
  | { kind: "ifb"; name: string };

/** What a network asks of the node's shared base, resolved (no "default" left in it). */
export interface NetworkBase {
  network: string;
  ingress: IngressPlace;
  mtuBytes: number;
  /** What the network gives addresses from, of both families: "10.244.1.0/24". */
  subnets: string[];
  /** Gateways on the bridge, with prefix: "10.244.1.1/24". */
  gateways: string[];
  /** null: no masquerade. `except`: destinations that keep the pod's address. */
  masquerade: { subnets: string[]; except: string[] } | null;
  /**
   * Whether pods are kept to their own addresses. The same for all networks of a node: they share a
   * bridge. Absent in what a version recorded that did not know it.
   */
  antiSpoof?: boolean;
  trees: TreeSettings;
}

/** What the node itself sends to or from these ports, TCP or UDP, and must not lose to pods. */
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
  /** What happens to a guarantee that does not fit (config's overcommit). */
  overcommit: "reject" | "scale";
  egressReserveBits: number;
  ingressReserveBits: number;
  /** What the wire carries; at least the egress capacity. */
  wireBits: number;
  /** The largest unit that the host itself puts into the egress tree: the uplink's gso_max_size. */
  hostGsoMaxBytes: number;
  /** Whether what the host itself receives is kept to what is not promised to pods. */
  policesHost: boolean;
  /** By name. */
  hostClasses: HostClass[];
  /** Whether the configuration asks for that size; else it is the uplink's own. */
  setsHostGso: boolean;
  /** The queue below each leaf: what the kernel offers. */
  leafKind: LeafKind;
}

/** A pod's address, of either family: the one list that classes, filters and the pod's own interface are made from. */
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

/** The families that a network gives addresses of. */
export function familiesOf({ subnets }: Pick<NetworkBase, "subnets">): Family[] {
  return families.filter((family) => ofFamily(subnets, family).length > 0);
}

export function sameAttachment(a: AttachmentKey, b: AttachmentKey): boolean {
  return a.network === b.network && a.containerId === b.containerId && a.ifname === b.ifname;
}

/** As Kubernetes names it; null: the runtime did not say. A namespace that it left out is the default one. */
export function podTitle(pod: Pick<Attachment, "podNamespace" | "podName">): string | null {
  return pod.podName === null ? null : `${pod.podNamespace ?? "default"}/${pod.podName}`;
}

/** For logs and messages. */
export function attachmentName(key: AttachmentKey): string {
  return `${key.network}/${key.containerId}/${key.ifname}`;
}
