/**
 * The longest that a packet with a latency target can wait in the egress tree: calculated, so that a
 * target which the node cannot keep is refused. The derivation and its sources are in docs/latency.md.
 */

/** A class that goes first: its leaf sends at most burst + unit + rate x time in any time. */
export interface LatencyClass {
  holder: string;
  guaranteeBits: number;
  burstBytes: number;
  /** The largest unit that the class sends: HTB lets a class with any tokens left send one whole. */
  unitBytes: number;
  targetUs: number;
}

/** What stands between a class and the wire, whoever is in the tree. */
export interface EgressPath {
  /** The tree's rate. */
  capacityBits: number;
  /** What the wire carries; at least the capacity. */
  wireBits: number;
  /** What the TBF lets through at once after it was idle. */
  tbfBurstBytes: number;
  /** The largest unit that anybody else puts into the tree, and whose it is. */
  blocking: { bytes: number; owner: string };
}

const us = (bytes: number, bits: number): number => (8e6 * bytes) / bits;

/**
 * The bound of class `own` beside `others`, in microseconds; Infinity where the others leave it
 * nothing. Static priority, one unit of somebody else's in front, blind multiplexing among those
 * that go first:
 *
 *   D = (b + sum over others (b_j + L_j) + L) / (C - sum over others g_j) + b_tbf / W
 *
 * A burst below the class's own unit leaves it in debt for the rest of the unit: + (L_i - b) / g.
 */
export function boundUs(
  path: EgressPath,
  own: LatencyClass,
  others: readonly LatencyClass[],
): number {
  const taken = others.reduce((sum, { guaranteeBits }) => sum + guaranteeBits, 0);
  const left = path.capacityBits - taken;
  if (left <= 0) return Number.POSITIVE_INFINITY;
  const ahead = others.reduce((sum, { burstBytes, unitBytes }) => sum + burstBytes + unitBytes, 0);
  const debt = Math.max(0, own.unitBytes - own.burstBytes);
  return (
    us(own.burstBytes + ahead + path.blocking.bytes, left) +
    us(debt, own.guaranteeBits) +
    us(path.tbfBurstBytes, path.wireBits)
  );
}

/** A class and the bound that it has in this company. */
export interface Bounded {
  latencyClass: LatencyClass;
  boundUs: number;
}

export function boundsOf(path: EgressPath, classes: readonly LatencyClass[]): Bounded[] {
  return classes.map((own) => ({
    latencyClass: own,
    boundUs: boundUs(
      path,
      own,
      classes.filter((other) => other !== own),
    ),
  }));
}

/** Longer bursts help nobody: what is late by more has been late before. */
const longestBurstUs = 5_000;

/** The burst to start from: what the class may send in its target's time, so that a late timer costs it no rate. */
function generousBurst({
  guaranteeBits,
  targetUs,
  unitBytes,
}: Omit<LatencyClass, "burstBytes">): number {
  const micros = Math.min(targetUs, longestBurstUs);
  return Math.max(unitBytes, Math.floor((guaranteeBits * micros) / 8e6));
}

/** A burst beyond one unit leaves a quarter of the class's own target to those that come later. */
const ownShare = 0.75;

export type LatencyDecision =
  | { ok: true; own: Bounded; others: Bounded[] }
  | {
      ok: false;
      path: EgressPath;
      others: readonly LatencyClass[];
      own: Bounded;
      /** Those whose target would break, the new one included, with the smallest possible burst of the new one. */
      broken: Bounded[];
      /** The smallest target that the new class could have beside these others; null where it breaks theirs. */
      smallestUs: number | null;
    };

/**
 * Whether a class of this guarantee and target fits beside those that are admitted, and with which
 * burst: the largest up to its target's time that keeps every class within its target. `askedBurstBytes`:
 * the pod's own word, taken as it is. Others' bursts stay as they were admitted.
 */
export function admitLatency(
  path: EgressPath,
  asked: Omit<LatencyClass, "burstBytes">,
  others: readonly LatencyClass[],
  askedBurstBytes: number | null,
): LatencyDecision {
  const smallest = askedBurstBytes ?? asked.unitBytes;
  const largest = askedBurstBytes ?? generousBurst(asked);
  const evaluate = (burstBytes: number): { own: Bounded; rest: Bounded[]; fits: boolean } => {
    const [own, ...rest] = boundsOf(path, [{ ...asked, burstBytes }, ...others]) as [
      Bounded,
      ...Bounded[],
    ];
    const share = burstBytes > smallest ? ownShare : 1;
    const fits =
      own.boundUs <= share * asked.targetUs &&
      rest.every((b) => b.boundUs <= b.latencyClass.targetUs);
    return { own, rest, fits };
  };
  const least = evaluate(smallest);
  if (!least.fits) {
    const broken = [least.own, ...least.rest].filter((b) => b.boundUs > b.latencyClass.targetUs);
    const onlyOwn = broken.every((b) => b === least.own);
    return {
      ok: false,
      path,
      others,
      own: least.own,
      broken,
      smallestUs: onlyOwn ? Math.ceil(least.own.boundUs) : null,
    };
  }
  // Every bound grows with the burst, so what fits is one interval.
  let [low, high] = [smallest, largest];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (evaluate(middle).fits) low = middle;
    else high = middle - 1;
  }
  const best = evaluate(low);
  return { ok: true, own: best.own, others: best.rest };
}
