/** Computes from measurements the figures that are judged. Pure. */

import type {
  ClassCounts,
  Count,
  LoadRun,
  PhaseRun,
  Repetition,
  Surroundings,
} from "../engine/result.ts";
import type { Figure } from "../engine/scenario.ts";
import { bytesAt } from "./statistics.ts";

/** The figure of one repetition; null means that there is nothing to compute it from. */
export function figureOf(figure: Figure, run: Repetition, around: Surroundings): number | null {
  switch (figure.kind) {
    case "rate":
      return ratesOf(run, figure).reduce((sum, rate) => sum + rate, 0) / figure.ofBits;
    case "deviation":
      return loadOf(run, figure.phase, figure.load).rateBits / figure.ofBits - 1;
    case "burst":
      return burstsAhead(loadOf(run, figure.phase, figure.load).counts, figure);
    case "fairness":
      return jain(ratesOf(run, figure));
    case "spread": {
      const rates = ratesOf(run, figure);
      return Math.min(...rates) > 0 ? Math.max(...rates) / Math.min(...rates) : null;
    }
    case "slowdown": {
      const [idle, loaded] = pairOf(run, figure);
      return idle?.p50Us && loaded?.p50Us ? loaded.p50Us / idle.p50Us : null;
    }
    case "withinBound": {
      const [idle, loaded] = pairOf(run, figure);
      const bound = around.boundUs[figure.pod];
      if (!idle?.p99Us || !loaded?.p99Us || !bound) return null;
      return (loaded.p99Us - idle.p99Us) / bound;
    }
    case "givenBack": {
      const phase = phaseOf(run, figure.phase);
      const load = loadOf(run, figure.phase, figure.load);
      return median(returnTimes(load, phase.toMs, figure.ofBits * figure.share));
    }
    case "inClass": {
      const phase = phaseOf(run, figure.phase);
      const [before, after] = [phase.classes.at(0), phase.classes.at(-1)];
      if (before === undefined || after === undefined) return null;
      const counted = ({ bytes }: ClassCounts): number =>
        bytes[figure.pod]?.[figure.direction] ?? 0;
      const arrived = ({ atMs }: ClassCounts): number =>
        figure.loads.reduce(
          (sum, load) => sum + bytesAt(loadOf(run, figure.phase, load).counts, atMs),
          0,
        );
      const all = arrived(after) - arrived(before);
      return all === 0 ? null : (counted(after) - counted(before)) / all;
    }
    case "refused":
      return null;
  }
}

function phaseOf(run: Repetition, name: string): PhaseRun {
  const phase = run[name];
  if (phase === undefined) throw new Error(`no phase ${name} was measured`);
  return phase;
}

function loadOf(run: Repetition, phase: string, name: string): LoadRun {
  const load = phaseOf(run, phase).loads[name];
  if (load === undefined) throw new Error(`no load ${name} was measured in phase ${phase}`);
  return load;
}

const ratesOf = (run: Repetition, { phase, loads }: { phase: string; loads: string[] }) =>
  loads.map((load) => loadOf(run, phase, load).rateBits);

/**
 * The p50 of both phases, idle and loaded, each the median over the repetitions; null where one was never
 * measured.
 */
export function roundTripsUs(
  figure: { pod: string; idle: string; loaded: string },
  runs: readonly Repetition[],
  which: "p50Us" | "seenP50Us",
): readonly [idle: number, loaded: number] | null {
  const pairs = runs.map((run) => pairOf(run, figure));
  const [idle, loaded] = [0, 1].map((at) =>
    median(pairs.flatMap((pair) => pair[at]?.[which] ?? [])),
  );
  return idle == null || loaded == null ? null : [idle, loaded];
}

const pairOf = (
  run: Repetition,
  { pod, idle, loaded }: { pod: string; idle: string; loaded: string },
) => [phaseOf(run, idle).latency[pod], phaseOf(run, loaded).latency[pod]] as const;

/**
 * This is the index of Jain, Chiu, Hawe: A Quantitative Measure of Fairness (1984). It divides the square of
 * the sum by n times the sum of the squares.
 */
export function jain(rates: readonly number[]): number | null {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const squares = rates.reduce((total, rate) => total + rate * rate, 0);
  return squares === 0 ? null : (sum * sum) / (rates.length * squares);
}

/** The middle of the values, which is the upper one of two; null where there are none. */
export function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

/** The moment when the first byte had come, as the receiver saw it. */
export function firstByteMs(counts: readonly Count[]): number | null {
  const at = counts.findIndex(({ bytes }) => bytes > 0);
  return at < 0 ? null : (counts[at - 1]?.atMs ?? counts[at]?.atMs ?? null);
}

/** What came in the first `ms` beyond the rate, counted in bursts. It is never below zero. */
export function burstsAhead(
  counts: readonly Count[],
  { ofBits, burstBytes, ms }: { ofBits: number; burstBytes: number; ms: number },
): number | null {
  const from = firstByteMs(counts);
  if (from === null) return null;
  const ahead = bytesAt(counts, from + ms) - (ofBits * ms) / 8000;
  return Math.max(0, ahead / burstBytes);
}

/**
 * Tells for each pause but an unfinished last one how long after it the receiver's first bin ended that had
 * the rate, and from which on the mean had it, too, until the next pause. Infinity means never.
 */
export function returnTimes(
  { counts, resumedAtMs }: Pick<LoadRun, "counts" | "resumedAtMs">,
  endMs: number,
  rateBits: number,
): number[] {
  const rate = (from: Count, to: Count): number =>
    ((to.bytes - from.bytes) * 8000) / (to.atMs - from.atMs);
  return resumedAtMs.flatMap((resumed, i) => {
    const next = resumedAtMs[i + 1] ?? endMs;
    const bins = counts.filter(({ atMs }) => atMs >= resumed && atMs < next);
    // The next pause begins where nothing comes any more.
    const lastMoving = bins.findLastIndex(
      (bin, k) => bin.bytes > (bins[k - 1]?.bytes ?? bin.bytes),
    );
    // The bin in which it stops is partly silent.
    const moving = bins.slice(0, Math.max(0, lastMoving));
    const end = moving.at(-1);
    if (end === undefined || moving.length < 3)
      return resumedAtMs[i + 1] === undefined ? [] : [Number.POSITIVE_INFINITY];
    for (let k = 1; k < moving.length; k++) {
      const [before, bin] = [moving[k - 1], moving[k]];
      if (before === undefined || bin === undefined || before === end) break;
      if (rate(before, bin) >= rateBits && rate(before, end) >= rateBits)
        return [bin.atMs - resumed];
    }
    return [Number.POSITIVE_INFINITY];
  });
}
