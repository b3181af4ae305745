import type { Direction } from "../../plan/node.ts";
import type { ScenarioPod } from "./scenario.ts";

/**
 * "noQos" is the same node and pods with both trees taken away. "bandwidth" is without the trees, too, and
 * every pod is capped by the reference plugin (bandwidth.ts).
 */
export type Mode = "noQos" | "fairway" | "bandwidth";

export interface LatencyPoint {
  /** Milliseconds since the start of the phase's window. */
  atMs: number;
  /** null means that nothing came back of what was sent in this interval. */
  p50Us: number | null;
  maxUs: number | null;
  lost: number;
}

/**
 * The requests and answers between a pod and the remote host. The times are without what their processes
 * waited for a processor (traffic/spec, RoundTrip). An unanswered request ranks above all answered ones.
 */
export interface LatencyRun {
  /** How many requests the pace called for, and how many the prober sent in time, its warm-up included. */
  due: number;
  sent: number;
  /** How many requests there were in the measured time, and how many of them were never answered. */
  requests: number;
  lost: number;
  /** null means that the percentile falls among the unanswered. */
  p50Us: number | null;
  p99Us: number | null;
  minUs: number | null;
  /** The median as the processes see it. */
  seenP50Us: number | null;
  series: LatencyPoint[];
  /** The share of the machine's processors in use meanwhile, 0 to 1. */
  busyShare: number;
}

/** A receiver's running total at one moment. */
export interface Count {
  atMs: number;
  bytes: number;
}

/** What one load did in a phase. Rates are bits per second of Ethernet frames, as HTB counts them. */
export interface LoadRun {
  /** What arrived in the window. */
  rateBits: number;
  /**
   * The share that its senders sent of what they were asked to. null for TCP, whose senders take what they
   * get.
   */
  offeredShare: number | null;
  /** The receiver's running totals, in bytes of frames. */
  counts: Count[];
  /** The moments when a load with pauses went on. */
  resumedAtMs: number[];
}

export interface PhaseRun {
  fromMs: number;
  toMs: number;
  loads: Record<string, LoadRun>;
  /** The latency by pod. */
  latency: Record<string, LatencyRun>;
  /**
   * What the classes had counted when the window began and when it ended. It is empty where no check looks at
   * them.
   */
  classes: ClassCounts[];
  busyShare: number;
}

/** What the classes of all pods have counted up to a moment; 0 without QoS. */
export interface ClassCounts {
  atMs: number;
  bytes: Record<string, Record<Direction, number>>;
}

/** The runs of one repetition, by phase. */
export type Repetition = Record<string, PhaseRun>;

export type Measured = Partial<Record<Mode, Repetition[]>>;

/** What is known beside the measurements. */
export interface Surroundings {
  /** The bound that `fairway status` prints, by pod. */
  boundUs: Record<string, number>;
  /** What the plugin said, by refusal; null where it admitted the pod. */
  refused: Record<string, string | null>;
}

export interface CheckResult {
  what: string;
  measured: number | null;
  /** The smallest and the largest of the repetitions. */
  range: [number, number] | null;
  /** The measured value as it is shown, with its unit. */
  text: string;
  wanted: string;
  met: boolean;
  onlyShown: string | null;
  /**
   * What was measured without QoS; null means that it was not measured, or that there is no such thing there.
   */
  beside: string | null;
  /**
   * What was measured under the reference bandwidth plugin; null means that it was not asked for, or that
   * there is no such thing there.
   */
  capped: string | null;
}

export interface RatePoint {
  /** Milliseconds since the start of the phase's window. */
  atMs: number;
  bits: number;
}

/** A load as it is shown. It is that of the last repetition. */
export interface LoadShown {
  name: string;
  direction: Direction;
  /** null means that it is of several pods. */
  pod: string | null;
  /** What its pod is guaranteed in that direction; null means nothing, or a guarantee by a tier. */
  guaranteeBits: number | null;
  rateBits: number;
  series: RatePoint[];
}

export interface PhaseShown {
  name: string;
  seconds: number;
  loads: LoadShown[];
  /** The latency by pod. */
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
  /** What was measured, phase by phase; it is empty where the scenario could not be run. */
  modes: Partial<Record<Mode, PhaseShown[]>>;
  /** Says in a sentence each where the machine and not Fairway was the limit. */
  limits: string[];
  /** The largest share of the processors in use in any phase. */
  busyShare: number;
  tookSeconds: number;
  verdict: Verdict;
  /** Says why it could not be run to its end. */
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

/**
 * What a run found. Tables, the JSON, the page and the report are all made from this and from nothing else.
 */
export interface ProveResult {
  version: 2;
  /** ISO 8601, UTC. */
  startedAt: string;
  tookSeconds: number;
  thorough: boolean;
  /**
   * The reference bandwidth plugin under which the scenarios were measured, too; null means that this was not
   * asked for.
   */
  bandwidthPlugin: string | null;
  environment: Environment;
  scenarios: ScenarioResult[];
  verdict: Verdict;
}
