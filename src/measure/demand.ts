/**
 * Tells whether a promise was kept while there was demand for it. A class that sends less than its guarantee
 * and has nothing waiting was not asked for more: only what it sends while packets wait in its queue says
 * anything.
 */
import { passed, type Seen } from "./counters.ts";

/**
 * This many looks in a row must find packets waiting before it counts as demand: one look meets a burst that
 * waits for its turn, and by chance two do.
 */
const looksOfDemand = 3;

/** A rate is judged over at least this many of the units that wait: one of them more or less is chance. */
const unitsOfWindow = 4;

/** How much timers and the round robin between classes may shift from one window to the next. */
export const tolerance = 0.05;

export interface Demand {
  /** How long there was demand, in seconds. */
  demandSeconds: number;
  /** The part of it that is long enough for the units waiting to tell a rate. */
  judgedSeconds: number;
  /** The part of that in which less than the guarantee was sent. */
  belowSeconds: number;
}

interface Window {
  seconds: number;
  bytes: number;
  unitBytes: number;
}

/**
 * The longest sequences of looks that all found packets waiting. Only those are returned that are long
 * enough.
 */
function runs(samples: readonly Seen[]): Seen[][] {
  const found: Seen[][] = [];
  let run: Seen[] = [];
  for (const sample of samples) {
    if (sample.counters.backlogBytes > 0) run.push(sample);
    else {
      found.push(run);
      run = [];
    }
  }
  return [...found, run].filter(({ length }) => length >= looksOfDemand);
}

/** The mean size of what waits: of GSO units where the sender makes them, else of frames. */
function unitBytes({ counters }: Seen): number {
  return counters.backlogBytes / Math.max(1, counters.backlogPackets);
}

const secondsOf = (samples: readonly Seen[]): number =>
  ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / 1000;

/** Windows that cover the run, each long enough to be judged. There is none if the whole run is too short. */
function windowsOf(run: readonly Seen[], guaranteeBits: number): Window[] {
  const windows: Window[] = [];
  let open: Window = { seconds: 0, bytes: 0, unitBytes: 0 };
  const add = (to: Window, more: Window): Window => ({
    seconds: to.seconds + more.seconds,
    bytes: to.bytes + more.bytes,
    unitBytes: Math.max(to.unitBytes, more.unitBytes),
  });
  for (const [i, after] of run.entries()) {
    const before = run[i - 1];
    if (before === undefined) continue;
    open = add(open, {
      seconds: (after.atMs - before.atMs) / 1000,
      bytes: passed(before.counters, after.counters)?.bytes ?? 0,
      unitBytes: Math.max(unitBytes(before), unitBytes(after)),
    });
    if ((guaranteeBits / 8) * open.seconds < unitsOfWindow * open.unitBytes) continue;
    windows.push(open);
    open = { seconds: 0, bytes: 0, unitBytes: 0 };
  }
  const last = windows.pop();
  return last === undefined ? [] : [...windows, add(last, open)];
}

function isBelow({ seconds, bytes, unitBytes: unit }: Window, guaranteeBits: number): boolean {
  return bytes < (guaranteeBits / 8) * seconds * (1 - tolerance) - unit;
}

const sum = (windows: Window[]): number => windows.reduce((s, { seconds }) => s + seconds, 0);

/** `samples` are looks at one class, in order. `guaranteeBits` is above 0. */
export function demandOf(samples: readonly Seen[], guaranteeBits: number): Demand {
  const demand = runs(samples);
  const judged = demand.flatMap((run) => windowsOf(run, guaranteeBits));
  return {
    demandSeconds: demand.reduce((s, run) => s + secondsOf(run), 0),
    judgedSeconds: sum(judged),
    belowSeconds: sum(judged.filter((window) => isBelow(window, guaranteeBits))),
  };
}
