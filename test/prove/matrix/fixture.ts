import type {
  CheckResult,
  LoadRun,
  MatrixResult,
  PhaseRun,
} from "../../../src/prove/matrix/result.ts";
import type { LatencyRun } from "../../../src/prove/result.ts";

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

export const matrixOf = (): MatrixResult => ({
  version: 1,
  startedAt: "2026-01-02T03:04:05.678Z",
  tookSeconds: 61.2,
  thorough: false,
  bandwidthPlugin: null,
  environment: {
    cores: 2,
    processor: "A processor | of some kind",
    memoryBytes: 8 * 2 ** 30,
    kernel: "6.1.0-test",
    congestionControl: "cubic",
    versions: [{ name: "fairway", version: "0.0.1" }],
  },
  scenarios: [
    {
      name: "kept",
      shows: "A pod has what it was promised.",
      wireBits: 500e6,
      checks: [checkOf({}), checkOf({ what: "beside", onlyShown: "not promised", met: false })],
      limits: [],
      busyShare: 0.4,
      tookSeconds: 12,
      verdict: "passed",
      error: null,
    },
    {
      name: "broken",
      shows: "It does not.",
      wireBits: 500e6,
      checks: [checkOf({ met: false, text: "50.0%", beside: null })],
      limits: ["a limit of the machine's"],
      busyShare: 0.4,
      tookSeconds: 12,
      verdict: "failed",
      error: null,
    },
  ],
  verdict: "failed",
});
