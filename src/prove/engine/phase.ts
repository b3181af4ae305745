import { setTimeout as sleep } from "node:timers/promises";
import { firstByteMs } from "../judge/figures.ts";
import { rateBits, type TimeWindow } from "../judge/statistics.ts";
import { nowMs } from "../traffic/output.ts";
import type { RoundTrip } from "../traffic/spec.ts";
import { type Start, withGenerators } from "./generator.ts";
import { type Figures, type Look, p99SoFar, promisedPod, rateSoFar } from "./live.ts";
import { type RunningLoad, startLoad } from "./loads.ts";
import type { ProveNode } from "./node.ts";
import { probe, WARM_UP_MS } from "./probe.ts";
import { processorTimes, shareBusy } from "./processors.ts";
import type { Count, LoadRun, PhaseRun } from "./result.ts";
import type { Phase, Scenario } from "./scenario.ts";

export interface PhaseContext {
  node: ProveNode;
  scenario: Scenario;
  thorough: boolean;
  signal: AbortSignal;
  /** Is given what looks at the figures of the promised pod, in a phase in which something is sent. */
  watched: (look: Look) => void;
}

const DEFAULT_BIN_MS = 50;
/**
 * This leaves time for the start of what comes later in a phase. Generators live longer than the phase; they
 * are stopped at its end.
 */
const SLACK_MS = 30_000;
/** How long a generator's start takes. Several of them wait for each other. */
const START_SECONDS = 0.2;
/** In this time the last counts come in, and in a cold phase the first. */
const TAIL_MS = 250;

const secondsOf = (phase: Phase, thorough: boolean): number =>
  thorough ? (phase.thoroughSeconds ?? phase.seconds) : phase.seconds;

/** Says about how long a phase takes. */
export function phaseSeconds(phase: Phase, thorough: boolean): number {
  const generators = 2 * (Object.keys(phase.loads).length + (phase.probes?.length ?? 0));
  return secondsOf(phase, thorough) + WARM_UP_MS / 1000 + generators * START_SECONDS + 0.5;
}

/** Runs all loads and probers of a phase side by side and measures its window. */
export function runPhase(context: PhaseContext, phase: Phase): Promise<PhaseRun> {
  const { node, scenario, thorough, signal } = context;
  const forMs = secondsOf(phase, thorough) * 1000;
  const everyMs = phase.binMs ?? DEFAULT_BIN_MS;
  return withGenerators(async (start) => {
    const loads: [string, RunningLoad][] = [];
    for (const [name, load] of Object.entries(phase.loads)) {
      const times = { forMs: forMs + SLACK_MS, everyMs };
      const running = await startLoad(node, scenario, load, loads.length, start, times);
      loads.push([name, running]);
    }
    const trips: TripsSoFar = { of: () => [], fromMs: 0 };
    if (loads.length > 0) context.watched(() => figuresOf(scenario, phase, loads, trips));
    if (!phase.cold && loads.length > 0) await sleep(WARM_UP_MS, undefined, { signal });
    const counted = scenario.checks.some(({ figure }) => figure.kind === "inClass");
    const classes = counted ? [node.classCounts()] : [];
    const before = processorTimes();
    const { latency, window } = await watch(context, phase, start, forMs, trips);
    if (counted) classes.push(node.classCounts());
    await sleep(TAIL_MS, undefined, { signal });
    const busyShare = shareBusy(before, processorTimes());
    return {
      ...window,
      loads: Object.fromEntries(
        loads.map(([name, load]) => [name, loadRun(load, phase, window, forMs)]),
      ),
      latency,
      classes,
      busyShare,
    };
  }, signal);
}

/** What the promised pod's prober has reported so far, and when its measured time begins. */
interface TripsSoFar {
  of: () => readonly Readonly<RoundTrip>[];
  fromMs: number;
}

function figuresOf(
  scenario: Scenario,
  { loads: described }: Phase,
  loads: readonly [string, RunningLoad][],
  trips: TripsSoFar,
): Figures {
  const pod = promisedPod(scenario);
  const own = loads.filter(([name]) => {
    const load = described[name];
    return load !== undefined && load.kind !== "bursts" && load.pod === pod;
  });
  return {
    rateBits: rateSoFar(own.map(([, load]) => load.counts())),
    p99Us: p99SoFar(trips.of(), trips.fromMs),
  };
}

/** Lets the window pass, with the phase's probers at work in it. */
async function watch(
  { node, scenario, signal }: PhaseContext,
  { probes = [] }: Phase,
  start: Start,
  forMs: number,
  soFar: TripsSoFar,
): Promise<{ latency: PhaseRun["latency"]; window: TimeWindow }> {
  if (probes.length === 0) {
    const fromMs = nowMs();
    await sleep(forMs, undefined, { signal });
    return { latency: {}, window: { fromMs, toMs: fromMs + forMs } };
  }
  const before = processorTimes();
  const found = await Promise.all(
    probes.map(async (name, i) => {
      const ends = { from: node.end(name), to: node.remote };
      const { latency, window } = await probe(ends, start, {
        port: FIRST_ECHO_PORT + i,
        measuredMs: forMs,
        perSecond: PROBES_PER_SECOND,
        began: (of, fromMs) => {
          if (name === promisedPod(scenario)) Object.assign(soFar, { of, fromMs });
        },
      });
      return { name, latency, window };
    }),
  );
  const busyShare = shareBusy(before, processorTimes());
  return {
    latency: Object.fromEntries(
      found.map(({ name, latency }) => [name, { ...latency, busyShare }]),
    ),
    window: {
      fromMs: Math.max(...found.map(({ window }) => window.fromMs)),
      toMs: Math.min(...found.map(({ window }) => window.toMs)),
    },
  };
}

const FIRST_ECHO_PORT = 7000;
const PROBES_PER_SECOND = 500;

function loadRun(load: RunningLoad, { cold }: Phase, window: TimeWindow, forMs: number): LoadRun {
  const counts = load.counts();
  const fromMs = (cold && firstByteMs(counts)) || window.fromMs;
  // A cold load began before the window; what counts is what it did after its first byte.
  const own = cold ? { fromMs, toMs: fromMs + forMs } : window;
  return {
    rateBits: rateBits(counts, own),
    offeredShare: offeredShare(load, own),
    counts,
    resumedAtMs: load.resumedAtMs(),
  };
}

function offeredShare(load: RunningLoad, window: TimeWindow): number | null {
  const sent: Count[] | null = load.sent();
  return sent === null ? null : rateBits(sent, window) / load.askedBits;
}
