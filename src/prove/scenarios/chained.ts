import { directions } from "../../plan/node.ts";
import type { Scenario } from "../engine/scenario.ts";
import {
  bestEffort,
  guaranteed,
  idle,
  keeps,
  mega,
  slowdown,
  tcp,
  usualGuarantee,
  usualWire,
} from "./common.ts";

/**
 * Judges the steady pod's guarantee in both directions, and the quick pod's round trip beside the noisy one
 * on egress. These are two pods: with a latency target the limit is the guarantee, and nothing makes up for
 * what a late timer costs.
 */
const judged: Omit<Scenario, "name" | "shows" | "chain"> = {
  wireBits: usualWire,
  pods: [
    guaranteed("steady", usualGuarantee),
    guaranteed("quick", 40 * mega, "1ms"),
    bestEffort("noisy"),
  ],
  phases: [
    idle(["quick"]),
    {
      name: "latency",
      loads: { noisy: tcp("noisy", "egress", 8) },
      probes: ["quick"],
      seconds: 3,
      fills: ["egress"],
    },
    ...directions.map((direction) => ({
      name: direction,
      loads: { noisy: tcp("noisy", direction, 8), steady: tcp("steady", direction, 4) },
      seconds: 3,
      fills: [direction],
    })),
  ],
  repeat: { usual: 3, thorough: 7 },
  checks: [
    ...directions.map((direction) =>
      keeps(`${direction}: steady pod, of its guarantee`, direction, "steady", usualGuarantee),
    ),
    slowdown("quick", "latency", 4),
  ],
  beside: false,
};

/** The same scenario three times, to be compared in one run. They need the reference plugins. */
export const chained: Scenario[] = [
  {
    ...judged,
    name: "stand-alone",
    shows:
      "What the two chained scenarios are held against: the pods' interfaces are Fairway's own.",
    chain: "none",
  },
  {
    ...judged,
    name: "chained-bridge",
    shows:
      "Fairway after the reference bridge plugin keeps guarantees and round trips as stand-alone.",
    chain: "bridge",
  },
  {
    ...judged,
    name: "chained-ptp",
    shows:
      "Fairway after the reference ptp plugin, which routes: the ingress tree stands on an IFB, and keeps guarantees and round trips as stand-alone.",
    chain: "ptp",
  },
];
