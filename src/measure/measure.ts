/**
 * Measures a class over an interval: what it sent, what waited in it and for how long, and whether its
 * promise was kept.
 */
import { increase32, oneLife, passed, type Sample, type Seen, type Unknown } from "./counters.ts";
import { type Demand, demandOf, tolerance } from "./demand.ts";

/** Rates are bits per second of Ethernet frames. */
export interface Flow {
  seconds: number;
  sentBytes: number;
  sentPackets: number;
  rateBits: number;
  packetsPerSecond: number;
  /** null means that the queue was made anew meanwhile. */
  drops: number | null;
}

/**
 * `none` means best effort. `kept`: it got its guarantee, or sent less only by what is tolerated. `noDemand`:
 * it sent less than its guarantee, and nothing more waited to be sent. `below`: it sent less while packets
 * waited. `tooShort`: packets waited, but not for long enough to tell a rate.
 */
type PromiseState = "none" | "kept" | "noDemand" | "below" | "tooShort";

export interface Kept extends Demand {
  state: PromiseState;
  /** The share of the time that could be judged; null where there was no such time. */
  belowShare: number | null;
}

interface Load extends Flow {
  known: true;
  samples: number;
  /** The mean over time. */
  backlogBytesMean: number;
  backlogBytesMax: number;
  /** The share of the looks that found packets waiting. */
  backloggedShare: number;
  /** Mean time that a byte waited in the class's queue. null means that some waited and none was sent. */
  queueDelayUs: number | null;
  promise: Kept;
}

export type Measured = Load | Unknown;

/** Adds up trapezoids: between two looks the backlog is taken for the mean of both. */
function meanBacklog(samples: readonly Seen[], seconds: number): number {
  let byteSeconds = 0;
  for (const [i, { atMs, counters }] of samples.entries()) {
    const before = samples[i - 1];
    if (before === undefined) continue;
    const mean = (before.counters.backlogBytes + counters.backlogBytes) / 2;
    byteSeconds += (mean * (atMs - before.atMs)) / 1000;
  }
  return byteSeconds / seconds;
}

/**
 * Little's law, L = lambda x W (J. D. C. Little, "A Proof for the Queuing Formula: L = lambda W",
 * Operations Research 9(3), 1961), in bytes: W = mean backlog / throughput, in microseconds.
 * It holds over an interval whose backlog at the ends is small beside what passed. L is estimated
 * from the looks, so that a wait which falls between two of them is not seen. What waits below the
 * class (one unit in the TBF, the device, the wire) is not in it, nor is what was dropped.
 */
export function queueDelayUs(backlogBytesMean: number, bytesPerSecond: number): number | null {
  if (backlogBytesMean === 0) return 0;
  return bytesPerSecond === 0 ? null : (backlogBytesMean / bytesPerSecond) * 1e6;
}

function stateOf(demand: Demand, rateBits: number, guaranteeBits: number): PromiseState {
  if (demand.belowSeconds > 0) return "below";
  if (rateBits >= guaranteeBits * (1 - tolerance) || demand.judgedSeconds > 0) return "kept";
  return demand.demandSeconds > 0 ? "tooShort" : "noDemand";
}

const noPromise: Kept = {
  state: "none",
  demandSeconds: 0,
  judgedSeconds: 0,
  belowSeconds: 0,
  belowShare: null,
};

function promiseOf(samples: readonly Seen[], rateBits: number, guaranteeBits: number): Kept {
  if (guaranteeBits === 0) return noPromise;
  const demand = demandOf(samples, guaranteeBits);
  const { judgedSeconds, belowSeconds } = demand;
  return {
    ...demand,
    state: stateOf(demand, rateBits, guaranteeBits),
    belowShare: judgedSeconds === 0 ? null : belowSeconds / judgedSeconds,
  };
}

/**
 * Computes what passed between the first and the last look at one thing. Throws RangeError where no time
 * passed.
 */
function flowOf(samples: readonly Seen[]): Flow {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs)
    throw new RangeError("an interval needs two looks, the second after the first");
  const seconds = (last.atMs - first.atMs) / 1000;
  const { bytes, packets } = passed(first.counters, last.counters) ?? { bytes: 0, packets: 0 };
  return {
    seconds,
    sentBytes: bytes,
    sentPackets: packets,
    rateBits: (bytes * 8) / seconds,
    packetsPerSecond: packets / seconds,
    drops: increase32(first.counters.drops, last.counters.drops),
  };
}

/** Measures a queue that is only counted, such as a tree's root. */
export function measureFlow(samples: readonly Sample[]): (Flow & { known: true }) | Unknown {
  const seen = oneLife(samples);
  return "known" in seen ? seen : { known: true, ...flowOf(seen) };
}

/**
 * Measures a class, from looks in the order of time. `leaf` is the queue below it at the first and the last
 * look. Its count of drops is the whole one, since HTB counts only what a queue refuses and not what it drops
 * later (fq_codel). `guaranteeBits` is 0 for best effort.
 */
export function measureClass(
  samples: readonly Sample[],
  leaf: readonly Sample[],
  guaranteeBits: number,
): Measured {
  const seen = oneLife(samples);
  if ("known" in seen) return seen;
  const flow = flowOf(seen);
  const queue = measureFlow(leaf);
  const backlogBytesMean = meanBacklog(seen, flow.seconds);
  const backlogs = seen.map(({ counters }) => counters.backlogBytes);
  return {
    known: true,
    ...flow,
    drops: queue.known ? queue.drops : null,
    samples: seen.length,
    backlogBytesMean,
    backlogBytesMax: Math.max(...backlogs),
    backloggedShare: backlogs.filter((bytes) => bytes > 0).length / seen.length,
    queueDelayUs: queueDelayUs(backlogBytesMean, flow.sentBytes / flow.seconds),
    promise: promiseOf(seen, flow.rateBits, guaranteeBits),
  };
}
