/** What is known so far of the pod with a promise, while a scenario runs: with Fairway and without. */
import { percentile, rateBits } from "../judge/statistics.ts";
import { latency } from "../report/words.ts";
import type { RoundTrip } from "../traffic/spec.ts";
import type { Count, Mode } from "./result.ts";
import type { Scenario } from "./scenario.ts";

export interface Figures {
  /** Of the last second, in bits per second of Ethernet frames. null: not measured in this phase, or not yet. */
  rateBits: number | null;
  /** Of all round trips of the phase so far, in microseconds. null likewise. */
  p99Us: number | null;
}

/** Looks at the figures of a phase that runs. */
export type Look = () => Figures;

export interface Live {
  /** A phase runs in this mode. What was known of an earlier one stays where this one does not measure it. */
  watch(mode: Mode, look: Look): void;
  /** The pod, with Fairway and without; empty while nothing is known. */
  text(): string;
}

/** It is the first pod that asks for something. null: none of them does. */
export const promisedPod = ({ pods }: Scenario): string | null =>
  pods.find(({ asks }) => Object.keys(asks).length > 0)?.name ?? null;

const RATE_MS = 1_000;
/** Fewer round trips than this have no hundredth that means anything. */
const FEWEST_TRIPS = 100;

/** The rate of the last second of running totals, those of several loads together. */
export function rateSoFar(loads: readonly (readonly Count[])[]): number | null {
  const rates = loads.map((counts) => {
    const [first, last] = [counts[0], counts.at(-1)];
    if (first === undefined || last === undefined || first.atMs === last.atMs) return null;
    return rateBits(counts, {
      fromMs: Math.max(first.atMs, last.atMs - RATE_MS),
      toMs: last.atMs,
    });
  });
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? null : known.reduce((sum, rate) => sum + rate, 0);
}

/** `fromMs` leaves out the warm-up. Requests without an answer yet are not among them. */
export function p99SoFar(trips: readonly Readonly<RoundTrip>[], fromMs: number): number | null {
  const sorted = trips.flatMap((trip) => (trip[0] >= fromMs ? trip[1] : [])).sort((a, b) => a - b);
  return sorted.length < FEWEST_TRIPS ? null : percentile(sorted, 99);
}

const modeWords: readonly [Mode, string][] = [
  ["fairway", ""],
  ["noQos", "without "],
  ["bandwidth", "bandwidth plugin "],
];

/** To a whole Mbit/s from 100 on: the line has to fit a terminal. */
function figureWords({ rateBits: bits, p99Us }: Figures): string[] {
  const rate = bits === null ? [] : `${(bits / 1e6).toFixed(bits < 100e6 ? 1 : 0)} Mbit/s`;
  return [rate, p99Us === null ? [] : `p99 ${latency(p99Us)}`].flat();
}

export function makeLive(pod: string): Live {
  const known: Partial<Record<Mode, Figures>> = {};
  let running: { mode: Mode; look: Look } | null = null;
  const keep = (): void => {
    if (running === null) return;
    const { mode, look } = running;
    const now = look();
    const before = known[mode] ?? { rateBits: null, p99Us: null };
    known[mode] = {
      rateBits: now.rateBits ?? before.rateBits,
      p99Us: now.p99Us ?? before.p99Us,
    };
  };
  return {
    watch(mode, look) {
      keep();
      running = { mode, look };
    },
    text() {
      keep();
      const told = modeWords.flatMap(([mode, words]) => {
        const figures = known[mode];
        const said = figures === undefined ? [] : figureWords(figures);
        return said.length === 0 ? [] : `${words}${said.join(", ")}`;
      });
      return told.length === 0 ? "" : `${pod} ${told.join(" · ")}`;
    },
  };
}
