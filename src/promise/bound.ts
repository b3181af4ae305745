/**
 * Calculates the longest that a packet with a latency target can wait in the egress tree, so that a target
 * which the node cannot keep is refused. The derivation and its sources are in docs/latency.md.
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

/** What all others that go first come to, for one of those that go first. */
export interface Company {
  /** The sum of their guarantees. */
  takenBits: number;
  /** The sum of their bursts, and of one unit of each. */
  aheadBytes: number;
}

export function companyOf(classes: readonly LatencyClass[]): Company {
  return {
    takenBits: classes.reduce((sum, { guaranteeBits }) => sum + guaranteeBits, 0),
    aheadBytes: classes.reduce((sum, { burstBytes, unitBytes }) => sum + burstBytes + unitBytes, 0),
  };
}

/**
 * The bound of class `own` beside others, in microseconds; Infinity where the others leave it nothing. It
 * assumes static priority, one unit of somebody else's in front, and blind multiplexing among those that go
 * first:
 *
 *   D = (b + sum over others (b_j + L_j) + L) / (C - sum over others g_j) + b_tbf / W
 *
 * A burst below the class's own unit leaves it in debt for the rest of the unit, which adds (L_i - b) / g.
 */
export function boundUs(path: EgressPath, own: LatencyClass, others: Company): number {
  const left = path.capacityBits - others.takenBits;
  if (left <= 0) return Number.POSITIVE_INFINITY;
  const debt = Math.max(0, own.unitBytes - own.burstBytes);
  return (
    us(own.burstBytes + others.aheadBytes + path.blocking.bytes, left) +
    us(debt, own.guaranteeBits) +
    us(path.tbfBurstBytes, path.wireBits)
  );
}

/** A class and the bound that it has in this company. */
export interface Bounded {
  latencyClass: LatencyClass;
  boundUs: number;
}

/** Whole numbers are summed, so that the order of the classes does not show in the last digit. */
export function boundsOf(path: EgressPath, classes: readonly LatencyClass[]): Bounded[] {
  const all = companyOf(classes);
  return classes.map((own) => ({
    latencyClass: own,
    boundUs: boundUs(path, own, {
      takenBits: all.takenBits - own.guaranteeBits,
      aheadBytes: all.aheadBytes - own.burstBytes - own.unitBytes,
    }),
  }));
}

export function isLate({ latencyClass, boundUs: bound }: Bounded): boolean {
  return bound > latencyClass.targetUs;
}
