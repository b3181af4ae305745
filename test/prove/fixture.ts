import type {
  CheckResult,
  LatencyRun,
  LoadRun,
  Measured,
  PhaseRun,
  ProveResult,
  Repetition,
  ScenarioResult,
} from "../../src/prove/engine/result.ts";
import { limitsOf } from "../../src/prove/judge/judge.ts";
import { judged } from "../../src/prove/judge/verdict.ts";
import { capacity } from "../../src/prove/scenarios/common.ts";
import { neighbour } from "../../src/prove/scenarios/neighbour.ts";

export const loadOf = (rateBits: number): LoadRun => ({
  rateBits,
  offeredShare: null,
  counts: [],
  resumedAtMs: [],
});

export const latencyOf = (p50Us: number, p99Us: number): LatencyRun => ({
  due: 1000,
  sent: 1000,
  requests: 1000,
  lost: 0,
  p50Us,
  p99Us,
  minUs: p50Us / 2,
  seenP50Us: 3 * p50Us,
  series: [],
  busyShare: 0.1,
});

export const phaseOf = (over: Partial<PhaseRun>): PhaseRun => ({
  fromMs: 0,
  toMs: 1000,
  loads: {},
  latency: {},
  classes: [],
  busyShare: 0.1,
  ...over,
});

export const checkOf = (over: Partial<CheckResult>): CheckResult => ({
  what: "a pod, of its guarantee",
  measured: 1,
  range: [1, 1],
  text: "100.0%",
  wanted: "at least 98.0%",
  met: true,
  onlyShown: null,
  beside: "40.0%",
  capped: null,
  ...over,
});

const around: Omit<ProveResult, "scenarios" | "verdict"> = {
  version: 2,
  startedAt: "2026-01-02T03:04:05.678Z",
  tookSeconds: 61.2,
  thorough: false,
  bandwidthPlugin: null,
  environment: {
    cores: 2,
    processor: "A <Processor> & Co | of some kind",
    memoryBytes: 8 * 2 ** 30,
    kernel: "6.1.0-test",
    congestionControl: "cubic",
    versions: [{ name: "fairway", version: "0.0.1" }],
  },
};

const scenarioOf = (over: Partial<ScenarioResult>): ScenarioResult => ({
  name: "kept",
  shows: "A pod has what it was promised.",
  wireBits: 500e6,
  capacityBits: 485e6,
  pods: [],
  checks: [],
  modes: {},
  limits: [],
  busyShare: 0.4,
  tookSeconds: 12,
  verdict: "passed",
  error: null,
  ...over,
});

export const matrixOf = (): ProveResult => ({
  ...around,
  scenarios: [
    scenarioOf({
      checks: [checkOf({}), checkOf({ what: "beside", onlyShown: "not promised", met: false })],
    }),
    scenarioOf({
      name: "broken",
      shows: "It does not.",
      checks: [checkOf({ met: false, text: "50.0%", beside: null })],
      limits: ["a limit of the machine's"],
      verdict: "failed",
    }),
  ],
  verdict: "failed",
});

const mainJob = neighbour(500e6, 2);

/** Two seconds at ten points a second, as a machine with little noise gives it. */
const latencySeries = (p50Us: number, p99Us: number): LatencyRun => ({
  ...latencyOf(p50Us, p99Us),
  series: Array.from({ length: 20 }, (_, i) => ({ atMs: i * 100, p50Us, maxUs: p99Us, lost: 0 })),
});

const steadily = (rateBits: number): LoadRun => ({
  ...loadOf(rateBits),
  counts: Array.from({ length: 41 }, (_, i) => ({
    atMs: i * 50,
    bytes: (rateBits * i * 50) / 8000,
  })),
});

/** What the main job may measure in one direction, in bits per second and microseconds. */
interface Direction {
  p50Us: number;
  steadyBits: number;
  noisyBits: number;
  /** Of the noisy pod, with nothing but requests beside it. */
  aloneBits: number;
}

function repetition(idleUs: number, egress: Direction, ingress: Direction): Repetition {
  const phase = (over: Partial<PhaseRun>): PhaseRun => phaseOf({ toMs: 2000, ...over });
  const both = Object.entries({ egress, ingress }).flatMap(([name, found]) => [
    [
      `${name}, requests`,
      phase({
        loads: { noisy: steadily(found.aloneBits) },
        latency: { steady: latencySeries(found.p50Us, 3 * found.p50Us) },
      }),
    ],
    [
      name,
      phase({ loads: { steady: steadily(found.steadyBits), noisy: steadily(found.noisyBits) } }),
    ],
  ]);
  return {
    idle: phase({ latency: { steady: latencySeries(idleUs, 2 * idleUs) } }),
    ...(Object.fromEntries(both) as Repetition),
  };
}

export interface MainJob {
  noQos: Repetition;
  fairway: Repetition;
}

/** A main job that passes; every call makes a new one, to be altered at will. */
export const passedJob = (): MainJob => ({
  noQos: repetition(
    100,
    { p50Us: 15_000, steadyBits: 100e6, noisyBits: 399e6, aloneBits: 499e6 },
    { p50Us: 15_000, steadyBits: 97e6, noisyBits: 402e6, aloneBits: 499e6 },
  ),
  fairway: repetition(
    104,
    { p50Us: 194, steadyBits: 193.9e6, noisyBits: 290e6, aloneBits: 484e6 },
    { p50Us: 373, steadyBits: 194e6, noisyBits: 290e6, aloneBits: 483e6 },
  ),
});

/** As the engine tells it. */
export function resultOf({ noQos, fairway }: MainJob): ProveResult {
  const measured: Measured = { noQos: [noQos], fairway: [fairway] };
  const limits = (["fairway", "noQos"] as const).flatMap((mode) =>
    (measured[mode] ?? []).flatMap((run) =>
      limitsOf(mainJob, run, mode, capacity(mainJob.wireBits)),
    ),
  );
  const surroundings = { boundUs: {}, refused: {} };
  const found = judged(mainJob, { measured, surroundings, limits, again: false });
  const { name, shows, wireBits, pods } = mainJob;
  return {
    ...around,
    scenarios: [scenarioOf({ name, shows, wireBits, pods, ...found })],
    verdict: found.verdict,
  };
}
