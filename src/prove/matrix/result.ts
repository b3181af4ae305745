import type { Direction } from "../../plan/node.ts";
import type { Environment, LatencyRun, Mode, Verdict } from "../result.ts";
import type { Count } from "../statistics.ts";

/** What one load did in a phase. */
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

export interface ScenarioResult {
  name: string;
  shows: string;
  wireBits: number;
  checks: CheckResult[];
  /** Where the machine and not Fairway was the limit, a sentence each. */
  limits: string[];
  /** The largest share of the processors in use in any phase. */
  busyShare: number;
  tookSeconds: number;
  verdict: Verdict;
  /** Why it could not be run to its end. */
  error: string | null;
}

export interface MatrixResult {
  version: 1;
  startedAt: string;
  tookSeconds: number;
  thorough: boolean;
  /** The reference bandwidth plugin that the scenarios were measured under too; null: not asked for. */
  bandwidthPlugin: string | null;
  environment: Environment;
  scenarios: ScenarioResult[];
  verdict: Verdict;
}

/** `bandwidth`: without Fairway's trees, every pod capped by the reference plugin (bandwidth.ts). */
export type MatrixMode = Mode | "bandwidth";

export type Measured = Partial<Record<MatrixMode, Repetition[]>>;
