/**
 * Judges demand look by look, for whoever looks all the time: the rule is that of demand.ts, and what it says of a
 * sequence of looks is settled as soon as that is long enough.
 */
import type { Sample, Seen } from "./counters.ts";
import { type Demand, demandOf } from "./demand.ts";

/** After this long a sequence is settled, if the units that wait tell a rate by then. */
const settledMs = 2_000;
/** After this long it is settled anyhow: a rate was not to be told. */
const longestMs = 30_000;
/** Nobody knows what was between two looks that are further apart. */
const longestGapMs = 3_000;

const nothing: Demand = { demandSeconds: 0, judgedSeconds: 0, belowSeconds: 0 };

/** Looks in a row that all found packets waiting, of which nothing was said yet. */
export type Run = readonly Seen[];

export interface Followed {
  run: Run;
  /** What is said now, of looks that are not in `run` any more. */
  settled: Demand;
}

const spanMs = (run: Run): number => (run.at(-1)?.atMs ?? 0) - (run[0]?.atMs ?? 0);

function settle(run: Run, guaranteeBits: number): Demand {
  return run.length === 0 ? nothing : demandOf(run, guaranteeBits);
}

/** Whether the look is of the same class, and soon enough after the one before. */
function continues(run: Run, { atMs, counters }: Seen): boolean {
  const last = run.at(-1);
  return (
    last !== undefined && atMs - last.atMs <= longestGapMs && counters.bytes >= last.counters.bytes
  );
}

/** `look` comes after `run`. `guaranteeBits` is that of now; 0 is best effort, of which nothing is said. */
export function followDemand(
  run: Run,
  { atMs, counters }: Sample,
  guaranteeBits: number,
): Followed {
  if (guaranteeBits === 0) return { run: [], settled: nothing };
  if (counters === null || counters.backlogBytes === 0)
    return { run: [], settled: settle(run, guaranteeBits) };
  const look = { atMs, counters };
  if (!continues(run, look)) return { run: [look], settled: settle(run, guaranteeBits) };
  const longer = [...run, look];
  if (spanMs(longer) < settledMs) return { run: longer, settled: nothing };
  const demand = demandOf(longer, guaranteeBits);
  const isSettled = demand.judgedSeconds > 0 || spanMs(longer) >= longestMs;
  return isSettled ? { run: [look], settled: demand } : { run: longer, settled: nothing };
}
