/**
 * Describes a scenario as data: what stands on the wire, what is promised, what is sent, and what must hold.
 * Rates are bits per second of Ethernet frames, as HTB counts them.
 */
import type { Family } from "../../plan/ip.ts";
import type { Direction } from "../../plan/node.ts";

/** Stands for the node itself as an end of traffic: what it sends is in no pod's class. */
export const host = "host";

export interface ScenarioPod {
  name: string;
  /** Annotations as a pod's author writes them, without the "fairway.dev/" in front. */
  asks: Record<string, string>;
}

interface Between {
  /** A pod's name, or `host`. */
  pod: string;
  /** Egress is from the pod to the remote host, ingress from the remote host to the pod. */
  direction: Direction;
  /** The family that is used; it is IPv4 where absent. */
  family?: Family;
  /** Another pod, which takes the place of the remote host. */
  to?: string;
}

export type Load =
  /** TCP flows that take what they can get. `pulled` means that the receiver opens the connections. */
  | ({ kind: "tcp"; flows: number; pulled?: true } & Between)
  /**
   * Datagrams that are sent at a rate, however many of them arrive. `inUnits` means that several are sent at
   * once, which takes fewer calls. `enoughBits` is what floods all the same, where the machine has no time
   * for all of a flood.
   */
  | ({
      kind: "udp";
      rateBits: number;
      inUnits?: true;
      enoughBits?: number;
      pauses?: Pauses;
    } & Between)
  /** All pods whose names begin with `pods` send at once what their rate has earned them in `everyMs`. */
  | { kind: "bursts"; pods: string; rateBits: number; everyMs: number; direction: "egress" };

/** The load is silent for `offMs` and then on for `onMs`, again and again. */
interface Pauses {
  onMs: number;
  offMs: number;
}

export interface Phase {
  name: string;
  loads: Record<string, Load>;
  /** Pods whose request-response latency is measured meanwhile. */
  probes?: string[];
  /** The length of the measured window; the warm-up before it is not counted. */
  seconds: number;
  /** The length with `--thorough`, where that measures longer. */
  thoroughSeconds?: number;
  /** It is counted from the first byte on, since what a limit does in its first moments is the point. */
  cold?: true;
  /**
   * The directions that the loads have to fill. Otherwise the phase shows nothing: below 95% of the capacity
   * the generators or the processors were the limit.
   */
  fills?: Direction[];
  /** The share of the capacity that fills it, instead of those 95%. */
  fillShare?: number;
  /**
   * The direction in which the loads have to fill the wire without QoS. Otherwise a comparison with that
   * shows nothing.
   */
  calibrates?: Direction;
  /** The interval at which the receivers count; it is 50 ms where absent. */
  binMs?: number;
}

/** A figure is computed from the measurements, once for each repetition. */
export type Figure =
  /** The sum of some loads' rates, as a share of a rate. */
  | { kind: "rate"; phase: string; loads: string[]; ofBits: number }
  /**
   * How far the rate of a load is from a rate, as a share of it. It is below zero where the load's is less.
   * Too much is judged as too little is.
   */
  | { kind: "deviation"; phase: string; load: string; ofBits: number }
  /** What arrived in the first moments beyond the rate, counted in bursts. */
  | { kind: "burst"; phase: string; load: string; ofBits: number; burstBytes: number; ms: number }
  /** Jain's index of some loads' rates: 1 means equal shares, 1/n means that one takes all. */
  | { kind: "fairness"; phase: string; loads: string[] }
  /** The largest of some loads' rates, divided by the smallest. */
  | { kind: "spread"; phase: string; loads: string[] }
  /** A pod's p50 under load, divided by its idle one. */
  | { kind: "slowdown"; pod: string; idle: string; loaded: string }
  /**
   * The p99 under load less the idle one, as a share of the bound that Fairway prints for the pod. It is
   * judged pair by pair.
   */
  | { kind: "withinBound"; pod: string; idle: string; loaded: string }
  /**
   * How long it takes after each of its pauses until the load has `share` of a rate and keeps it in the mean.
   * It is the median, in milliseconds.
   */
  | { kind: "givenBack"; phase: string; load: string; ofBits: number; share: number }
  /** The bytes that the kernel counted in a pod's class, as a share of those that its loads sent. */
  | { kind: "inClass"; phase: string; pod: string; direction: Direction; loads: string[] }
  /** It is 1 where the promise was refused with words that match. */
  | { kind: "refused"; refusal: string };

export interface Check {
  what: string;
  figure: Figure;
  is: "at least" | "at most";
  wanted: number;
  /** "noQos" means that it is judged by what was measured without QoS: it shows what Fairway is there for. */
  on?: "noQos";
  /** Says why it is shown beside the others and not judged. */
  onlyShown?: string;
}

/** A promise that the node must refuse, and the words (a regular expression) that it must find for it. */
interface Refusal {
  name: string;
  asks: Record<string, string>;
  says: string;
}

export type ChainPlugin = "bridge" | "ptp";

export interface Scenario {
  name: string;
  /** Says in one sentence what it shows. */
  shows: string;
  wireBits: number;
  /** Keys of the plugin's configuration, which go over what all scenarios share. */
  config?: Record<string, unknown>;
  /**
   * How many bytes of frames one byte of TCP payload is where the tree counts it, if that is not as on the
   * plain wire.
   */
  tcpFrames?: Record<Direction, number>;
  /** The pods reach the remote host through an overlay on the uplink. */
  overlay?: true;
  /** The pods have an address of each family. */
  dualStack?: true;
  /**
   * The reference plugin that makes the pods' interfaces, with Fairway after it. "none" is the same without
   * such a plugin.
   */
  chain?: "none" | ChainPlugin;
  /** The remote host knows no way to the pods' own addresses. */
  noRouteBack?: true;
  pods: ScenarioPod[];
  refusals?: Refusal[];
  phases: Phase[];
  /**
   * How often all phases are run, in their order; `--thorough` takes the second number. Figures are medians.
   */
  repeat?: { usual: number; thorough: number };
  checks: Check[];
  /** It is measured without QoS, too, for the column beside. */
  beside: boolean;
}
