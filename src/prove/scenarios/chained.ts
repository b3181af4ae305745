import type { Scenario } from "../engine/scenario.ts";
import {
  besideNoisy,
  bestEffort,
  guaranteed,
  idle,
  loaded,
  mega,
  slowdown,
  steadyKeeps,
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
  phases: [idle(["quick"]), loaded(["quick"], 3, "latency"), ...besideNoisy],
  repeat: { usual: 3, thorough: 7 },
  checks: [...steadyKeeps, slowdown("quick", "latency", 4)],
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
