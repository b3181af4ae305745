import { type Direction, directions } from "../../plan/node.ts";
import { CAPACITY_SHARE } from "../engine/node.ts";
import type { Check, Load, Phase, ScenarioPod } from "../engine/scenario.ts";

export const mega = 1_000_000;

/** The rate that two cores fill in one direction without being busy all the time. */
export const usualWire = 500 * mega;
/** The guarantee on the usual wire, in both directions. */
export const usualGuarantee = 200 * mega;
export const capacity = (wireBits: number): number => Math.floor(wireBits * CAPACITY_SHARE);

/** The share of its guarantee, in frames, that a pod must have. */
export const kept = 0.98;

export const bestEffort = (name: string): ScenarioPod => ({ name, asks: {} });

/** A pod with the same guarantee in both directions. */
export const guaranteed = (name: string, bits: number, latencyTarget?: string): ScenarioPod => ({
  name,
  asks: {
    ...Object.fromEntries(directions.map((d) => [`${d}-guarantee`, String(bits)])),
    ...(latencyTarget && { "latency-target": latencyTarget }),
  },
});

export const tcp = (
  pod: string,
  direction: "egress" | "ingress",
  flows: number,
  pulled?: true,
): Load => ({ kind: "tcp", pod, direction, flows, ...(pulled && { pulled }) });

/** Sends units of several datagrams, more than the wire carries: it does not matter what arrives. */
export const flood = (
  pod: string,
  direction: Direction,
  rateBits: number,
): Extract<Load, { kind: "udp" }> => ({
  kind: "udp",
  pod,
  direction,
  rateBits,
  inUnits: true,
});

/** Sends half as much again as the wire carries. On a slow machine a tenth more is a flood, too. */
export const floodTheWire = (pod: string): Load => ({
  ...flood(pod, "egress", 1.5 * usualWire),
  enoughBits: 1.1 * usualWire,
});

export const paced = (pod: string, direction: "egress" | "ingress", rateBits: number): Load => ({
  kind: "udp",
  pod,
  direction,
  rateBits,
});

/** Checks that some loads together have at least that share of a rate. */
export const keepsTogether = (
  what: string,
  phase: string,
  loads: string[],
  ofBits: number,
  wanted: number = kept,
): Check => ({ what, figure: { kind: "rate", phase, loads, ofBits }, is: "at least", wanted });

/** Checks that a pod with a guarantee has it. */
export const keeps = (
  what: string,
  phase: string,
  load: string,
  ofBits: number,
  wanted: number = kept,
): Check => keepsTogether(what, phase, [load], ofBits, wanted);

/** In each direction four flows of the steady pod, while eight of the noisy one take all they can get. */
export const besideNoisy: Phase[] = directions.map((direction) => ({
  name: direction,
  loads: { noisy: tcp("noisy", direction, 8), steady: tcp("steady", direction, 4) },
  seconds: 3,
  fills: [direction],
}));

/** Checks that the steady pod has its guarantee in each of these phases. */
export const steadyKeeps: Check[] = directions.map((direction) =>
  keeps(`${direction}: steady pod, of its guarantee`, direction, "steady", usualGuarantee),
);

/** Checks that the steady pod's packets are in its class, whatever was done to their addresses on the way. */
export const steadyInItsClass = (phase: string, direction: Direction, wanted: number): Check => ({
  what: `${phase}: what the steady pod's class counted, of what arrived`,
  figure: { kind: "inClass", phase, pod: "steady", direction, loads: ["steady"] },
  is: "at least",
  wanted,
});

export const idle = (probes: string[], seconds = 2): Phase => ({
  name: "idle",
  loads: {},
  probes,
  seconds,
});

/** These are asked while eight flows of the noisy pod fill the wire. */
export const loaded = (probes: string[], seconds = 2, name = "loaded"): Phase => ({
  name,
  loads: { noisy: tcp("noisy", "egress", 8) },
  probes,
  seconds,
  fills: ["egress"],
});

export const slowdown = (pod: string, loaded: string, wanted: number): Check => ({
  what: `${pod}: request-response p50 under load, to idle`,
  figure: { kind: "slowdown", pod, idle: "idle", loaded },
  is: "at most",
  wanted,
});
