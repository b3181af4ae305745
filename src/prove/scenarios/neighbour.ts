/**
 * Makes the main job: one pod with a promise beside one that takes all it can get, with Fairway and without.
 */
import { formatRate, parseRateBits } from "../../config/quantities.ts";
import { FairwayError } from "../../errors.ts";
import { directions } from "../../plan/node.ts";
import { podGsoMaxBytes } from "../../plan/shape.ts";
import type { Check, Scenario } from "../engine/scenario.ts";
import { MTU_BYTES } from "../judge/statistics.ts";
import { bestEffort, capacity, idle, keeps, keepsTogether, kept, slowdown, tcp } from "./common.ts";

export const defaults = { wire: "500M", seconds: 4 } as const;

/**
 * Below this rate 64 KiB units of the wire's own make the comparison without QoS meaningless (2.6 ms each).
 */
const leastWire = "200M";
const leastSeconds = 2;
const mostSeconds = 60;

const guaranteeShare = 0.4;
const noisyFlows = 8;
/**
 * With this many flows one flow's recovery from a loss does not leave the promise unused (with two, 97-100%
 * of it was used).
 */
const steadyFlows = 4;

/** The share of the capacity that both pods use together. */
const utilised = 0.95;
/** The p50 under load, divided by the idle one. */
const slowdowns = { withFairway: 3, withoutQos: 10 } as const;

/** @throws FairwayError badConfig */
export function parseWire(text: string): number {
  const bits = parseRateBits(text, "--wire");
  if (bits >= parseRateBits(leastWire, "--wire")) return bits;
  throw new FairwayError("badConfig", `--wire: "${text}" is less than ${leastWire}`);
}

/** @throws FairwayError badConfig */
export function parseSeconds(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= leastSeconds && seconds <= mostSeconds) return seconds;
  throw new FairwayError(
    "badConfig",
    `--duration: "${text}" is not a whole number of seconds from ${leastSeconds} to ${mostSeconds}`,
  );
}

const requests = (direction: string): string => `${direction}, requests`;

/** `seconds` is the time of each of its measurements; the warm-up is not counted. */
export function neighbour(wireBits: number, seconds: number): Scenario {
  const capacityBits = capacity(wireBits);
  const guaranteeBits = Math.floor(capacityBits * guaranteeShare);
  const guarantee = formatRate(guaranteeBits);
  return {
    name: "neighbour",
    shows:
      "A pod with a promise has its rate and its latency while another pod takes all it can get; without QoS it has neither.",
    wireBits,
    // At these rates one 64 KiB unit of the host's own would take longer than the target allows, so its units
    // are as small as those of pods.
    config: { uplink: { gsoMaxSize: podGsoMaxBytes(capacityBits, MTU_BYTES) } },
    pods: [
      {
        name: "steady",
        asks: {
          "egress-guarantee": guarantee,
          "ingress-guarantee": guarantee,
          "latency-target": "1ms",
        },
      },
      bestEffort("noisy"),
    ],
    phases: [
      idle(["steady"], seconds),
      ...directions.flatMap((direction) => {
        const noisy = tcp("noisy", direction, noisyFlows);
        const steady = tcp("steady", direction, steadyFlows);
        return [
          {
            name: requests(direction),
            loads: { noisy },
            probes: ["steady"],
            seconds,
            calibrates: direction,
          },
          { name: direction, loads: { steady, noisy }, seconds },
        ];
      }),
    ],
    checks: [
      ...directions.map((direction) =>
        keeps(
          `${direction}: the steady pod's rate, of its guarantee`,
          direction,
          "steady",
          guaranteeBits,
          kept,
        ),
      ),
      // On ingress the wire's own queue stands before Fairway's, so this is shown and not judged.
      {
        ...slowdown("steady", requests("egress"), slowdowns.withFairway),
        what: "egress: the steady pod's p50 beside the noisy pod, to idle",
      },
      {
        ...slowdown("steady", requests("egress"), slowdowns.withoutQos),
        what: "egress, without QoS: the same",
        is: "at least",
        on: "noQos",
      } satisfies Check,
      ...directions.map((direction) =>
        keepsTogether(
          `${direction}: both pods together, of the capacity`,
          direction,
          ["steady", "noisy"],
          capacityBits,
          utilised,
        ),
      ),
    ],
    beside: true,
  };
}
