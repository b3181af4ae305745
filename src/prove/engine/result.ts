import type { Direction } from "../../plan/node.ts";
import type { ScenarioPod } from "./scenario.ts";

/**
 * "noQos": the same node and pods with both trees taken away. "bandwidth": without them, every pod capped
 * by the reference plugin (bandwidth.ts).
 */
export type Mode = "noQos" | "fairway" | "bandwidth";

export interface LatencyPoint {
  /** Since the start of the phase's window. */
  atMs: number;
  /** null: nothing came back of what was sent in this interval. */
  p50Us: number | null;
  maxUs: number | null;
  lost: number;
}

/**
 * Requests and answers between a pod and the remote host, without the time that their processes waited
 * for a processor (traffic/spec, RoundTrip). An unanswered one ranks above all answered.
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

/** A receiver's running total. */
export interface Count {
  atMs: number;
  bytes: number;
}

/** What one load did in a phase. Rates are bits per second of Ethernet frames, as HTB counts them. */
export interface LoadRun {
  /** What arrived in the window. */
  rateBits: number;
  /** What its senders sent, of what they were asked to; null: they take what they get (TCP). */
  offeredShare: number | null;
  /** The receiver's running totals, in bytes of frames. */
  counts: Count[];
  /** When a load with pauses went on. */
  resumedAtMs: number[];
}

export interface PhaseRun {
  fromMs: number;
  toMs: number;
  loads: Record<string, LoadRun>;
  /** By pod. */
  latency: Record<string, LatencyRun>;
  /** What classes had counted at the window's begin and end; empty where no check looks at them. */
  classes: ClassCounts[];
  busyShare: number;
}

/** What the classes of all pods have counted by a moment; 0 without QoS. */
export interface ClassCounts {
  atMs: number;
  bytes: Record<string, Record<Direction, number>>;
}

/** By phase. */
export type Repetition = Record<string, PhaseRun>;

export type Measured = Partial<Record<Mode, Repetition[]>>;

/** What is known beside the measurements. */
export interface Surroundings {
  /** By pod: the bound that `fairway status` prints. */
  boundUs: Record<string, number>;
  /** By refusal: what the plugin said, null where it admitted. */
  refused: Record<string, string | null>;
}

export interface CheckResult {
  what: string;
  measured: number | null;
  /** The smallest and the largest of the repetitions. */
  range: [number, number] | null;
  /** How it reads, with its unit. */
  text: string;
  wanted: string;
  met: boolean;
  onlyShown: string | null;
  /** Without QoS; null: not measured, or no such thing there. */
  beside: string | null;
  /** Under the reference bandwidth plugin; null: not asked for, or no such thing there. */
  capped: string | null;
}

export interface RatePoint {
  /** Since the start of the phase's window. */
  atMs: number;
  bits: number;
}

/** A load as it is shown: of the last repetition. */
export interface LoadShown {
  name: string;
  direction: Direction;
  /** null: it is of several pods. */
  pod: string | null;
  /** What its pod is guaranteed in that direction; null: nothing, or by a tier. */
  guaranteeBits: number | null;
  rateBits: number;
  series: RatePoint[];
}

export interface PhaseShown {
  name: string;
  seconds: number;
  loads: LoadShown[];
  /** By pod. */
  latency: Record<string, LatencyRun>;
  busyShare: number;
}

export interface ScenarioResult {
  name: string;
  shows: string;
  wireBits: number;
  capacityBits: number;
  pods: readonly ScenarioPod[];
  checks: CheckResult[];
  /** What was measured, phase by phase; empty where it could not be run. */
  modes: Partial<Record<Mode, PhaseShown[]>>;
  /** Where the machine and not Fairway was the limit, a sentence each. */
  limits: string[];
  /** The largest share of the processors in use in any phase. */
  busyShare: number;
  tookSeconds: number;
  verdict: Verdict;
  /** Why it could not be run to its end. */
  error: string | null;
}

export type Verdict = "passed" | "failed" | "inconclusive";

export interface Environment {
  cores: number;
  processor: string;
  memoryBytes: number;
  kernel: string;
  /** The senders' TCP congestion control. */
  congestionControl: string;
  versions: { name: string; version: string }[];
}

/** What a run found: tables, the JSON, the page and the report are all rendered from this and nothing else. */
export interface ProveResult {
  version: 2;
  /** ISO 8601, UTC. */
  startedAt: string;
  tookSeconds: number;
  thorough: boolean;
  /** The reference bandwidth plugin that the scenarios were measured under too; null: not asked for. */
  bandwidthPlugin: string | null;
  environment: Environment;
  scenarios: ScenarioResult[];
  verdict: Verdict;
}
