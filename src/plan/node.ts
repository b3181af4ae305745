/**
 * What a node has promised, as the ledger records it and as the plan reads it.
 * Plain data: JSON in, JSON out.
 */

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

export interface PodRoute {
  dst: string;
  gw: string | null;
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
  podNamespace: string | null;
  podName: string | null;
}

/** What a network asks of the node's shared base, resolved (no "default" left in it). */
export interface NetworkBase {
  network: string;
  bridge: string;
  mtuBytes: number;
  /** What the network gives addresses from: "10.244.1.0/24". */
  subnets: string[];
  /** Gateways on the bridge, with prefix: "10.244.1.1/24". */
  gateways: string[];
  /** null: no masquerade. `except`: destinations that keep the pod's address. */
  masquerade: { subnets: string[]; except: string[] } | null;
  trees: TreeSettings;
}

/** The two trees. All networks of a node share them. */
export interface TreeSettings {
  uplink: string;
  egressCapacityBits: number;
  ingressCapacityBits: number;
  /** What happens to a guarantee that does not fit (config's overcommit). */
  overcommit: "reject" | "scale";
  egressReserveBits: number;
  ingressReserveBits: number;
}

export function sameAttachment(a: AttachmentKey, b: AttachmentKey): boolean {
  return a.network === b.network && a.containerId === b.containerId && a.ifname === b.ifname;
}

/** For logs and messages. */
export function attachmentName(key: AttachmentKey): string {
  return `${key.network}/${key.containerId}/${key.ifname}`;
}
