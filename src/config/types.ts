import type { Family } from "../plan/ip.ts";
import type { BandwidthCapability, HostClass, PodRoute } from "../plan/node.ts";

export type { BandwidthCapability };

export const cniVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
export type CniVersion = (typeof cniVersions)[number];

/** An IP address as a number, with its family: arithmetic is on `value`. */
export interface Ip {
  family: Family;
  value: bigint;
}

/** A CIDR with its host bits zero. */
export interface Cidr {
  family: Family;
  base: bigint;
  prefixLength: number;
}

/** A contiguous piece of a subnet to give addresses from, both ends included. */
export interface AddressRange {
  subnet: Cidr;
  first: bigint;
  last: bigint;
  gateway: Ip;
}

export interface IpamConfig {
  /** The plugin that gives the addresses; then all else here is empty. null means Fairway itself. */
  delegate: string | null;
  /**
   * A pod gets one address from each set. A set is of one family, and its ranges are tried in their order.
   */
  sets: AddressRange[][];
  exclude: Cidr[];
  routes: PodRoute[];
  /** By the pool's name, the addresses that are only for pods that ask for them. */
  pools: Record<string, Cidr[]>;
  /** How long the address of a pod that asked for one stays its own after it went; null means not at all. */
  stickyMs: number | null;
  /** A file like /etc/resolv.conf, which is told as the result's dns. */
  resolvConf: string | null;
}

export type Reserve = { kind: "rate"; bits: number } | { kind: "percent"; percent: number };

/** A time is at the rate of the limit, or else of the guarantee. */
export type Burst = { kind: "size"; bytes: number } | { kind: "time"; us: number };

/** What happens to a guarantee that does not fit: it is refused, or all shrink in proportion. */
export const overcommits = ["reject", "scale"] as const;
export type Overcommit = (typeof overcommits)[number];

export interface TierDirection {
  guaranteeBits?: number;
  limitBits?: number;
  burst?: Burst;
}

export interface Tier {
  egress: TierDirection;
  ingress: TierDirection;
  latencyTargetUs?: number;
}

/** A value, and where it came from. */
export interface Given<T = number> {
  from: "annotation" | "capability" | "claim" | "tier" | "policy";
  /** Where it stands: "fairway.dev/egress-guarantee", "tiers.gold.egressGuarantee", "claim shop/net". */
  key: string;
  value: T;
}

export interface DirectionAsk {
  guarantee: Given | null;
  limit: Given | null;
  burst: Given<Burst> | null;
}

/** A rule's value, and the key that it stands at. */
export interface Ruled<T> {
  key: string;
  value: T;
}

/** null means that there is no rule. */
export interface DirectionRules {
  maxGuaranteeBits: Ruled<number> | null;
  /** It is the limit of pods that have none, too. */
  maxLimitBits: Ruled<number> | null;
  maxBurst: Ruled<Burst> | null;
}

/** What a pod may have. null means that there is no rule. */
export interface PolicyRules {
  /** Full names; "*" means all. */
  annotations: Ruled<string[]> | null;
  /** Those beside the default tier; "*" means all. */
  tiers: Ruled<string[]> | null;
  egress: DirectionRules;
  ingress: DirectionRules;
  minLatencyTargetUs: Ruled<number> | null;
}

/** The namespaces' rules are whole: what one leaves out is filled in from the default's. */
export interface Policy {
  default: PolicyRules;
  namespaces: Record<string, PolicyRules>;
}

export interface RuntimeConfig {
  podAnnotations: Record<string, string>;
  bandwidth: BandwidthCapability | null;
  /** Requested addresses as given, with or without a prefix length: runtimeConfig.ips, then args.cni.ips. */
  ips: string[];
  /** Range sets that go before those of `ipam`, as they stand. */
  ipRanges: unknown[];
  mac: string | null;
}

export interface LogConfig {
  /** null means stderr. */
  file: string | null;
  level: "debug" | "info" | "warn" | "error" | "silent";
}

/**
 * One plugin configuration. It is validated, and defaults are filled in where they need no look at the node.
 */
export interface NetworkConfig {
  cniVersion: CniVersion;
  name: string;
  /** Whether another plugin makes the pods' interfaces. Then there is no `ipam`, and `ipam` here is empty. */
  chained: boolean;
  bridge: string;
  /** null means the uplink's MTU. */
  mtuBytes: number | null;
  ipMasq: boolean;
  ipMasqExcept: Cidr[];
  /** Whether pods are kept to their own addresses. */
  antiSpoof: boolean;
  uplink: {
    /** null means the interface of the default route. */
    name: string | null;
    /** null means the link's speed. */
    egressCapacityBits: number | null;
    ingressCapacityBits: number | null;
    reserve: Reserve;
    /** The largest unit that the host itself may put into the egress tree; null leaves it as it is. */
    gsoMaxBytes: number | null;
    /** Whether what the host itself receives is kept to what is not promised to pods. */
    policesHost: boolean;
  };
  /** The classes are sorted by name. */
  hostClasses: HostClass[];
  tiers: Record<string, Tier>;
  defaultTier: string | null;
  /** null means that a pod's author may ask for anything. */
  policy: Policy | null;
  overcommit: Overcommit;
  ipam: IpamConfig;
  /** It is passed through to the result. */
  dns: Record<string, unknown> | null;
  dataDir: string;
  log: LogConfig;
  runtime: RuntimeConfig;
  /** It is as it was given, and CHECK reads it. */
  prevResult: Record<string, unknown> | null;
}

/** What DEL needs of a configuration that may not be fit for ADD. */
export interface CleanupConfig {
  cniVersion: CniVersion;
  name: string;
  dataDir: string;
  log: LogConfig;
  /** The IPAM plugin that gave the addresses; null means Fairway itself. */
  delegate: string | null;
}
