import type { Direction } from "../plan/node.ts";
import { directions } from "../plan/node.ts";
import {
  type Judgement,
  type LatencyRun,
  type ModeResult,
  modes,
  type ProveResult,
  type ProveSettings,
} from "./result.ts";

type Found = Pick<ProveResult, "settings" | "modes">;

/** What is promised, and what is measured against it. */
export const wanted = {
  /** Of the guarantee, in Ethernet frames, while the noisy pod saturates. */
  guaranteeShare: 0.98,
  /** Loaded p50 to idle p50, on egress. */
  latencyRatioWithFairway: 3,
  latencyRatioWithoutQos: 10,
  /** Of the capacity, by both pods together. */
  utilisation: 0.95,
} as const;

/** Below or above these a run says more about the machine than about Fairway. */
const sound = {
  /** Of the wire: what the noisy pod alone reaches without QoS. */
  calibration: 0.95,
  /** Of the requests that the pace called for. */
  probesSent: 0.9,
  /** Of the processors, with nothing running but the prober. */
  idleBusyShare: 0.5,
  /** Of the processors, under load: above it a wait for a processor looks like a queue. */
  loadedBusyShare: 0.95,
} as const;

export function judge({ settings, modes: found }: Found): Judgement[] {
  const { fairway, noQos } = found;
  const both = (each: (direction: Direction) => Judgement): Judgement[] => directions.map(each);
  return [
    ...both((direction) =>
      atLeast(
        "guarantee",
        direction,
        fairway[direction].throughput.steadyBits / settings.guaranteeBits,
        wanted.guaranteeShare,
      ),
    ),
    // On ingress the wire's own queue stands before Fairway's: shown, not judged.
    atMost(
      "latencyWithFairway",
      "egress",
      slowdown(fairway, "egress"),
      wanted.latencyRatioWithFairway,
    ),
    atLeast(
      "latencyWithoutQos",
      "egress",
      slowdown(noQos, "egress"),
      wanted.latencyRatioWithoutQos,
    ),
    ...both((direction) =>
      atLeast(
        "utilisation",
        direction,
        utilisation(fairway, direction, settings),
        wanted.utilisation,
      ),
    ),
  ];
}

/** Loaded p50 to idle p50; null where more than half of the requests under load were never answered. */
export function slowdown(mode: ModeResult, direction: Direction): number | null {
  const loaded = mode[direction].loaded.p50Us;
  const idle = mode.idle.p50Us;
  return loaded === null || idle === null ? null : loaded / idle;
}

/** What both pods send together to the capacity. */
export function utilisation(
  mode: ModeResult,
  direction: Direction,
  { capacityBits }: ProveSettings,
): number {
  const { steadyBits, noisyBits } = mode[direction].throughput;
  return (steadyBits + noisyBits) / capacityBits;
}

function atLeast(
  criterion: Judgement["criterion"],
  direction: Direction,
  measured: number | null,
  threshold: number,
): Judgement {
  // Beyond measure is more than any threshold.
  const met = measured === null || measured >= threshold;
  return { criterion, direction, measured, comparison: "at least", wanted: threshold, met };
}

function atMost(
  criterion: Judgement["criterion"],
  direction: Direction,
  measured: number | null,
  threshold: number,
): Judgement {
  const met = measured !== null && measured <= threshold;
  return { criterion, direction, measured, comparison: "at most", wanted: threshold, met };
}

/** Why the machine limited the run, a sentence each; none: the run can be judged. */
export function machineLimits({ settings, modes: found }: Found): string[] {
  const limits: string[] = [];
  for (const direction of directions) {
    const share = found.noQos[direction].loaded.noisyBits / settings.wireBits;
    if (share < sound.calibration) {
      limits.push(
        `the noisy pod alone, without QoS, filled ${percent(share)} of the wire on ${direction} ` +
          `(at least ${percent(sound.calibration)} are needed): take a slower --wire`,
      );
    }
  }
  for (const mode of modes) {
    const { idle, egress, ingress } = found[mode];
    const runs: [string, LatencyRun][] = [
      ["idle", idle],
      ["egress", egress.loaded],
      ["ingress", ingress.loaded],
    ];
    for (const [phase, run] of runs) {
      if (run.sent < sound.probesSent * run.due) {
        limits.push(
          `the prober sent ${run.sent} of ${run.due} requests in time (${phase}, ${mode}): ` +
            "the machine is too busy to time anything",
        );
      }
    }
    if (idle.p50Us === null) {
      limits.push(`most requests on the idle wire were never answered (${mode})`);
    }
    if (idle.busyShare > sound.idleBusyShare) {
      limits.push(
        `${percent(idle.busyShare)} of the processors were in use while the pods were idle (${mode}): ` +
          "something else is running",
      );
    }
    for (const direction of directions) {
      const { loaded, throughput } = found[mode][direction];
      const busyShare = Math.max(loaded.busyShare, throughput.busyShare);
      if (busyShare > sound.loadedBusyShare) {
        limits.push(
          `${percent(busyShare)} of the processors were in use under load (${direction}, ${mode}): ` +
            "take a slower --wire, or end what else is running",
        );
      }
    }
  }
  return limits;
}

/** A run that the machine limited is never passed, and never held against Fairway. */
export function verdictOf(
  judgements: readonly Judgement[],
  limits: readonly string[],
): ProveResult["verdict"] {
  if (limits.length > 0) return "inconclusive";
  return judgements.every((judgement) => judgement.met) ? "passed" : "failed";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
