/** Whether a target can be kept beside all others, and what a pod is told where it cannot. */
import { formatDuration, formatRate, minRateBits } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import { largestBurstAtLimit } from "../plan/shape.ts";
import {
  type Bounded,
  boundsOf,
  type Company,
  companyOf,
  type EgressPath,
  isLate,
} from "./bound.ts";
import { chooseBursts, type LatencyAsk, leastBounds } from "./bursts.ts";
import {
  asksOf,
  egressPath,
  largestMtu,
  latencyAskOf,
  type Member,
  type Trees,
} from "./latency.ts";

/** The bound as a sum that can be checked by hand. */
function arithmetic(
  path: EgressPath,
  { latencyClass, boundUs }: Bounded,
  { takenBits, aheadBytes }: Company,
): string {
  return [
    `bound ${formatDuration(Math.ceil(boundUs))} =`,
    `(own burst ${latencyClass.burstBytes} B + other latency pods ${aheadBytes} B + largest unit in front ${path.blocking.bytes} B, ${path.blocking.owner})`,
    `/ (${formatRate(path.capacityBits)}bit/s - ${formatRate(takenBits)}bit/s)`,
    `+ TBF burst ${path.tbfBurstBytes} B / wire ${formatRate(path.wireBits)}bit/s`,
  ].join(" ");
}

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)}%`;

function todo(path: EgressPath, boundUs: number): string {
  const blockingUs = (8e6 * (path.blocking.bytes + path.tbfBurstBytes)) / path.capacityBits;
  const share = `${percent(blockingUs, boundUs)} of it is the largest unit in front and the burst that lets it pass`;
  return path.blocking.owner.startsWith("the host")
    ? `${share}: uplink.gsoMaxSize in the conflist makes the host's units smaller`
    : share;
}

function refusedTarget(path: EgressPath, own: Bounded, others: Company): FairwayError {
  const { holder, targetUs } = own.latencyClass;
  const smallest = formatDuration(Math.ceil(own.boundUs));
  return new FairwayError(
    "promiseRefused",
    `${holder} asks for a latency target of ${formatDuration(targetUs)}, and the smallest that it could have here is ${smallest}: ${arithmetic(path, own, others)}`,
    `Ask for ${smallest} or more. ${todo(path, own.boundUs)}`,
  );
}

/**
 * The largest whole number from `least` to `most` that `fits`; null means that none does. All numbers below
 * one that fits have to fit, too.
 */
function largestThat(least: number, most: number, fits: (n: number) => boolean): number | null {
  if (least > most || !fits(least)) return null;
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const withGuarantee = (asked: Member, guaranteeBits: number): Member => ({
  ...asked,
  promise: {
    ...asked.promise,
    // With a latency target the limit is the guarantee (settle.ts).
    egress: { ...asked.promise.egress, guaranteeBits, limitBits: guaranteeBits },
  },
});

/** What a pod could have that asks for more than the others' targets allow. */
export interface Fitting {
  guaranteeBits: number;
  /** The smallest target that it can have with that guarantee. */
  targetUs: number;
}

/**
 * The others wait the longer the more is guaranteed to this one, whatever its own target is. So there is a
 * largest guarantee, and a smallest target with it; null means that there is none. A burst that was asked for
 * is taken as it is.
 */
export function fittingBeside(
  base: Trees,
  path: EgressPath,
  asked: Member,
  others: readonly LatencyAsk[],
): Fitting | null {
  const boundsWith = (guaranteeBits: number): Bounded[] => {
    const own = latencyAskOf(base, withGuarantee(asked, guaranteeBits));
    return own === null ? [] : leastBounds(path, [own, ...others]);
  };
  const { guaranteeBits, burstBytes } = asked.promise.egress;
  const holds = (bits: number): boolean => largestBurstAtLimit(bits) >= (burstBytes ?? 0);
  const largestBits = largestThat(
    minRateBits,
    guaranteeBits,
    (bits) => !holds(bits) || !boundsWith(bits).slice(1).some(isLate),
  );
  if (largestBits === null || !holds(largestBits)) return null;
  const [own] = boundsWith(largestBits);
  return own === undefined || !Number.isFinite(own.boundUs)
    ? null
    : { guaranteeBits: largestBits, targetUs: Math.ceil(own.boundUs) };
}

const lateWords = (broken: readonly Bounded[]): string =>
  broken
    .map(
      ({ latencyClass: c, boundUs }) =>
        `${c.holder} would wait up to ${formatDuration(Math.ceil(boundUs))}, its target is ${formatDuration(c.targetUs)}`,
    )
    .join("; ");

/** The refusal where the others' targets are in the way, even with the least bursts of all. */
function refusedBeside(
  path: EgressPath,
  { holder, promise }: Member,
  broken: readonly Bounded[],
  fitting: Fitting | null,
): FairwayError {
  const { guaranteeBits, burstBytes } = promise.egress;
  const asked = `${holder} asks for an egress guarantee of ${formatRate(guaranteeBits)} with a latency target of ${formatDuration(promise.latencyTargetUs ?? 0)}, which would break a latency target that is promised already: ${lateWords(broken)}`;
  const front = `The largest unit in front is ${path.blocking.bytes} B, ${path.blocking.owner}`;
  const burst =
    burstBytes === null
      ? ""
      : ` Its burst of ${burstBytes} bytes is part of it: ask for none, or for less.`;
  if (fitting === null)
    return new FairwayError(
      "promiseRefused",
      `${asked}. No guarantee with a latency target fits beside them now`,
      `Ask for no latency target, or for another node.${burst} ${front}`,
    );
  const most = formatRate(fitting.guaranteeBits);
  const least = formatDuration(fitting.targetUs);
  return new FairwayError(
    "promiseRefused",
    `${asked}. What fits beside them now is a guarantee of at most ${most} with a latency target of at least ${least}`,
    `Ask for that, or for another node.${burst} ${front}`,
  );
}

/** The refusal of a pod without a target, where only the size of its units is in the way. */
function refusedUnits(
  base: Trees,
  asked: Member,
  others: readonly LatencyAsk[],
  broken: readonly Bounded[],
): FairwayError {
  const mtuBytes = largestThat(
    1,
    asked.mtuBytes,
    (mtu) => !leastBounds(egressPath(base, mtu), others).some(isLate),
  );
  const most =
    mtuBytes === null ? "" : ` Up to an MTU of ${mtuBytes} bytes nobody's target breaks.`;
  return new FairwayError(
    "promiseRefused",
    `${asked.holder} would break a latency target that is promised already, since the units of a pod with an MTU of ${asked.mtuBytes} bytes are larger than all others here: ${lateWords(broken)}`,
    `Give the network a smaller "mtu", or ask for another node.${most}`,
  );
}

/**
 * Throws promiseRefused, with the arithmetic, where a new attachment's target cannot be kept beside those
 * that are there, or theirs beside it, whatever bursts they all have. Otherwise it returns how the new one's
 * bound comes about; null means that it has no target. `held` needs to have only those with a target where
 * `othersMtuBytes` tells the largest MTU of all. It is called only where it is needed.
 */
export function withinTargets(
  base: Trees,
  asked: Member,
  held: () => readonly Member[],
  othersMtuBytes = largestMtu(held()),
): string | null {
  const mtuBytes = Math.max(asked.mtuBytes, othersMtuBytes);
  const own = latencyAskOf(base, asked);
  // A pod that waits behind all that have a target delays nobody, unless its units are larger than all that
  // were there before.
  if (own === null && asked.mtuBytes <= othersMtuBytes) return null;
  const path = egressPath(base, mtuBytes);
  const others = asksOf(base, held());
  if (own === null) {
    const broken = leastBounds(path, others).filter(isLate);
    if (broken.length > 0) throw refusedUnits(base, asked, others, broken);
    return null;
  }
  const [least, ...rest] = leastBounds(path, [own, ...others]) as [Bounded, ...Bounded[]];
  const broken = rest.filter(isLate);
  if (broken.length > 0)
    throw refusedBeside(path, asked, broken, fittingBeside(base, path, asked, others));
  if (isLate(least)) throw refusedTarget(path, least, companyOf(rest.map((b) => b.latencyClass)));
  const [now, ...beside] = chooseBursts(path, [own, ...others]);
  const bounded = boundsOf(
    path,
    [now, ...beside].filter((c) => c !== undefined),
  )[0];
  return bounded === undefined ? null : arithmetic(path, bounded, companyOf(beside));
}
