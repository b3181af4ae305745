/**
 * A scenario, as data: what stands on the wire, what is promised, what is sent, and what
 * must hold. Rates are bits per second of Ethernet frames, as HTB counts them.
 */
import type { Family } from "../../plan/ip.ts";
import type { Direction } from "../../plan/node.ts";

/** The node itself, as an end of traffic: what it sends is in no pod's class. */
export const host = "host";

export interface ScenarioPod {
  name: string;
  /** Annotations as a pod's author writes them, without the "fairway.dev/" in front. */
  asks: Record<string, string>;
}

interface Between {
  /** A pod's name, or `host`. */
  pod: string;
  /** Egress: from the pod to the remote host; ingress: from the remote host to the pod. */
  direction: Direction;
  /** Over which family; absent: IPv4. */
  family?: Family;
  /** Another pod, in place of the remote host. */
  to?: string;
}

export type Load =
  /** TCP flows that take what they can get. `pulled`: the receiver opens the connections. */
  | ({ kind: "tcp"; flows: number; pulled?: true } & Between)
  /**
   * Datagrams at a rate, however many of them arrive; `inUnits`: several at once, which takes fewer calls.
   * `enoughBits`: of a flood, what floods all the same, where the machine has no time for all of it.
   */
  | ({
      kind: "udp";
      rateBits: number;
      inUnits?: true;
      enoughBits?: number;
      pauses?: Pauses;
    } & Between)
  /** Of all pods whose names begin so: all at once send what their rate has earned them in `everyMs`. */
  | { kind: "bursts"; pods: string; rateBits: number; everyMs: number; direction: "egress" };

/** Silent for `offMs`, then on for `onMs`, again and again. */
interface Pauses {
  onMs: number;
  offMs: number;
}

export interface Phase {
  name: string;
  loads: Record<string, Load>;
  /** Pods whose request-response latency is measured meanwhile. */
  probes?: string[];
  /** Of the measured window; the warm-up before it is not counted. */
  seconds: number;
  /** Where `--thorough` measures longer. */
  thoroughSeconds?: number;
  /** Counted from the first byte on: what a limit does in its first moments is the point. */
  cold?: true;
  /**
   * The directions that the loads have to fill, or nothing is shown: below 95% of the capacity the
   * generators or the processors were the limit.
   */
  fills?: Direction[];
  /** Of the capacity, instead of those 95%. */
  fillShare?: number;
  /** Without QoS the loads have to fill the wire in this direction, or a comparison with that shows nothing. */
  calibrates?: Direction;
  /** The receivers count at this interval; absent: 50 ms. */
  binMs?: number;
}

/** What is computed from the measurements, once for each repetition. */
export type Figure =
  /** The sum of some loads' rates, of a rate. */
  | { kind: "rate"; phase: string; loads: string[]; ofBits: number }
  /** How far the rate of a load is from a rate, as a share of it, below zero where it is less. Judged either way. */
  | { kind: "deviation"; phase: string; load: string; ofBits: number }
  /** What arrived in the first moments beyond the rate, in bursts. */
  | { kind: "burst"; phase: string; load: string; ofBits: number; burstBytes: number; ms: number }
  /** Jain's index of some loads' rates: 1 is equal shares, 1/n is one takes all. */
  | { kind: "fairness"; phase: string; loads: string[] }
  /** The largest of some loads' rates, of the smallest. */
  | { kind: "spread"; phase: string; loads: string[] }
  /** A pod's loaded p50 to its idle one. */
  | { kind: "slowdown"; pod: string; idle: string; loaded: string }
  /** Loaded p99 less idle p99, of the bound that Fairway prints for the pod. Judged pair by pair. */
  | { kind: "withinBound"; pod: string; idle: string; loaded: string }
  /** After each of its pauses, until the load has `share` of a rate and keeps it in the mean: ms, the median. */
  | { kind: "givenBack"; phase: string; load: string; ofBits: number; share: number }
  /** Bytes that the kernel counted in a pod's class, of those that its loads sent. */
  | { kind: "inClass"; phase: string; pod: string; direction: Direction; loads: string[] }
  /** 1 where the promise was refused with words that match. */
  | { kind: "refused"; refusal: string };

export interface Check {
  what: string;
  figure: Figure;
  is: "at least" | "at most";
  wanted: number;
  /** Judged by what was measured without QoS: what Fairway is there for. */
  on?: "noQos";
  /** Why it is shown beside the others and not judged. */
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
  /** What it shows, in one sentence. */
  shows: string;
  wireBits: number;
  /** Of the plugin's configuration, over what all scenarios share. */
  config?: Record<string, unknown>;
  /** What one byte of TCP payload is in frames where the tree counts it, if not as on the plain wire. */
  tcpFrames?: Record<Direction, number>;
  /** The pods reach the remote host through an overlay on the uplink. */
  overlay?: true;
  /** The pods have an address of each family. */
  dualStack?: true;
  /** The reference plugin that makes the pods' interfaces, Fairway after it; "none": the same without one. */
  chain?: "none" | ChainPlugin;
  /** The remote host knows no way to the pods' own addresses. */
  noRouteBack?: true;
  pods: ScenarioPod[];
  refusals?: Refusal[];
  phases: Phase[];
  /** How often all phases are run, in their order; `--thorough` takes the second. Figures are medians. */
  repeat?: { usual: number; thorough: number };
  checks: Check[];
  /** Measured without QoS too, for the column beside. */
  beside: boolean;
}
