import type {
  DirectionResult,
  LatencyRun,
  ModeResult,
  ProveResult,
} from "../../src/prove/result.ts";
import { settingsFor } from "../../src/prove/settings.ts";

/** A run of `seconds` at ten points a second, as a machine with little noise gives it. */
function latencyRun(p50Us: number, p99Us: number): LatencyRun {
  return {
    due: 1500,
    sent: 1500,
    requests: 1000,
    lost: 0,
    p50Us,
    p99Us,
    minUs: p50Us / 2,
    seenP50Us: 3 * p50Us,
    series: Array.from({ length: 20 }, (_, i) => ({ atMs: i * 100, p50Us, maxUs: p99Us, lost: 0 })),
    busyShare: 0.1,
  };
}

function direction(
  p50Us: number,
  steadyBits: number,
  noisyBits: number,
  alone: number,
): DirectionResult {
  return {
    loaded: { ...latencyRun(p50Us, p50Us * 3), noisyBits: alone },
    throughput: {
      steadyBits,
      noisyBits,
      series: Array.from({ length: 20 }, (_, i) => ({ atMs: i * 100, steadyBits, noisyBits })),
      busyShare: 0.4,
    },
  };
}

/** A run that passes; every call makes a new one, to be altered at will. */
export function passedResult(): ProveResult {
  const noQos: ModeResult = {
    idle: latencyRun(100, 250),
    egress: direction(15_000, 100e6, 399e6, 499e6),
    ingress: direction(15_000, 97e6, 402e6, 499e6),
  };
  const fairway: ModeResult = {
    idle: latencyRun(104, 212),
    egress: direction(194, 193.9e6, 290e6, 484e6),
    ingress: direction(373, 194e6, 290e6, 483e6),
  };
  return {
    version: 1,
    startedAt: "2026-01-02T03:04:05.678Z",
    tookSeconds: 63.4,
    settings: settingsFor(500e6, 2),
    environment: {
      cores: 2,
      processor: "A <Processor> & Co",
      memoryBytes: 8 * 2 ** 30,
      kernel: "6.1.0-test",
      congestionControl: "cubic",
      versions: [{ name: "fairway", version: "0.0.1" }],
    },
    modes: { noQos, fairway },
    judgements: [],
    limits: [],
    verdict: "passed",
  };
}
