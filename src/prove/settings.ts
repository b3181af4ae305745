import { parseRateBits } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import type { ProveSettings } from "./result.ts";

export const defaults = { wire: "500M", seconds: 4 } as const;

/** Below this 64 KiB units of the wire's own make the comparison without QoS meaningless (2.6 ms each). */
const MIN_WIRE = "200M";
const MIN_SECONDS = 2;
const MAX_SECONDS = 60;

/** So that the queue on ingress is ours and not the wire's. */
const CAPACITY_SHARE = 0.97;
const GUARANTEE_SHARE = 0.4;

/** @throws FairwayError badConfig */
export function parseWire(text: string): number {
  const bits = parseRateBits(text, "--wire");
  if (bits >= parseRateBits(MIN_WIRE, "--wire")) return bits;
  throw new FairwayError("badConfig", `--wire: "${text}" is less than ${MIN_WIRE}`);
}

/** @throws FairwayError badConfig */
export function parseSeconds(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw new FairwayError(
    "badConfig",
    `--duration: "${text}" is not a whole number of seconds from ${MIN_SECONDS} to ${MAX_SECONDS}`,
  );
}

export function settingsFor(wireBits: number, seconds: number): ProveSettings {
  const capacityBits = Math.floor(wireBits * CAPACITY_SHARE);
  return {
    wireBits,
    capacityBits,
    guaranteeBits: Math.floor(capacityBits * GUARANTEE_SHARE),
    latencyTargetUs: 1000,
    seconds,
    noisyFlows: 8,
    // Enough that one flow's recovery from a loss does not leave the promise unused (two: 97-100% of it).
    steadyFlows: 4,
    probesPerSecond: 500,
  };
}
