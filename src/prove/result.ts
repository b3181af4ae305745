import type { Direction } from "../plan/node.ts";

/** "noQos": the same node and pods with both trees taken away. */
export const modes = ["noQos", "fairway"] as const;
export type Mode = (typeof modes)[number];

/** All rates are bits per second of Ethernet frames, as HTB counts them; latencies are round trips in the network. */
export interface ProveSettings {
  wireBits: number;
  capacityBits: number;
  /** The steady pod's, in each direction. */
  guaranteeBits: number;
  latencyTargetUs: number;
  /** Of each measured phase, its warm-up not counted. */
  seconds: number;
  noisyFlows: number;
  steadyFlows: number;
  probesPerSecond: number;
}

export interface LatencyPoint {
  /** Since the start of the phase's window. */
  atMs: number;
  /** null: nothing came back of what was sent in this interval. */
  p50Us: number | null;
  maxUs: number | null;
  lost: number;
}

/**
 * Requests and answers between the steady pod and the remote host, without the time that their
 * processes waited for a processor (traffic/spec, RoundTrip). An unanswered one ranks above all answered.
 */
export interface LatencyRun {
  /** Requests that the pace called for, and those that the prober sent in time, its warm-up included. */
  due: number;
  sent: number;
  /** Those of the measured time, and those of them that were never answered. */
  requests: number;
  lost: number;
  /** null: the percentile falls among the unanswered. */
  p50Us: number | null;
  p99Us: number | null;
  minUs: number | null;
  /** As the processes see it. */
  seenP50Us: number | null;
  series: LatencyPoint[];
  /** The share of the machine's processors in use meanwhile, 0 to 1. */
  busyShare: number;
}

export interface LoadedRun extends LatencyRun {
  /** What the noisy pod, alone but for the requests, sent or received meanwhile. */
  noisyBits: number;
}

export interface ThroughputPoint {
  atMs: number;
  steadyBits: number;
  noisyBits: number;
}

export interface ThroughputRun {
  steadyBits: number;
  noisyBits: number;
  series: ThroughputPoint[];
  busyShare: number;
}

export interface DirectionResult {
  loaded: LoadedRun;
  throughput: ThroughputRun;
}

export interface ModeResult extends Record<Direction, DirectionResult> {
  idle: LatencyRun;
}

export interface Environment {
  cores: number;
  processor: string;
  memoryBytes: number;
  kernel: string;
  /** The senders' TCP congestion control. */
  congestionControl: string;
  versions: { name: string; version: string }[];
}

export const criteria = [
  "guarantee",
  "latencyWithFairway",
  "latencyWithoutQos",
  "utilisation",
] as const;
export type Criterion = (typeof criteria)[number];

export interface Judgement {
  criterion: Criterion;
  direction: Direction;
  /** A ratio; null: beyond measure, more than half of the requests were never answered. */
  measured: number | null;
  comparison: "at least" | "at most";
  wanted: number;
  met: boolean;
}

export type Verdict = "passed" | "failed" | "inconclusive";

/** What a run found: the table, the JSON and the report are all rendered from this and nothing else. */
export interface ProveResult {
  version: 1;
  /** ISO 8601, UTC. */
  startedAt: string;
  tookSeconds: number;
  settings: ProveSettings;
  environment: Environment;
  modes: Record<Mode, ModeResult>;
  judgements: Judgement[];
  /** Why the machine, not Fairway, limited the run; not empty: the verdict is "inconclusive". */
  limits: string[];
  verdict: Verdict;
}
