/** Judges a scenario by its measurements. Pure. */
import type { Direction } from "../../plan/node.ts";
import type {
  CheckResult,
  Measured,
  Mode,
  PhaseRun,
  Repetition,
  Surroundings,
  Verdict,
} from "../engine/result.ts";
import type { Check, Figure, Load, Phase, Scenario } from "../engine/scenario.ts";
import { percent, times } from "../report/words.ts";
import { figureOf, median, roundTripsUs } from "./figures.ts";

/** Below or above these values a run says more about the machine than about Fairway. */
const sound = {
  /** The share of the capacity that the loads of a phase that fills a direction reach together. */
  filled: 0.95,
  /** The share of what UDP senders were asked to send. */
  offered: 0.95,
  /** The share of the requests that the pace called for. */
  probesSent: 0.9,
  /** The share of the processors in use: above it a wait for a processor looks like a queue. */
  busyShare: 0.95,
  /** The same, with nothing running but probers. */
  idleBusyShare: 0.5,
  /** The share of the pairs that have to be within the bound: a single one may be the machine's own noise. */
  pairsWithinBound: 0.9,
} as const;

/**
 * `again` means that there were more looks than the scenario asks for, so that each is told beside their
 * median.
 */
export function checkResults(
  scenario: Scenario,
  measured: Measured,
  around: Surroundings,
  again = false,
): CheckResult[] {
  return scenario.checks.map((check) => {
    const { figure, is, wanted, what, on = "fairway" } = check;
    if (figure.kind === "refused") return refusalResult(check, figure.refusal, scenario, around);
    const own = aggregate(figure, measured[on] ?? [], around);
    const other = (runs: Repetition[] | undefined): string | null => {
      const found = runs && aggregate(figure, runs, { ...around, boundUs: {} });
      return found === undefined || found.value === null ? null : found.text;
    };
    const { value } = own;
    const looks = again ? ` (looks: ${own.each.join(", ")})` : "";
    return {
      what,
      measured: value,
      range: own.range,
      text: `${own.text}${looks}`,
      wanted: `${is} ${wantedText(figure, wanted)}`,
      met: isMet(value, check),
      onlyShown: check.onlyShown ?? null,
      beside: on === "noQos" ? null : other(measured.noQos),
      capped: other(measured.bandwidth),
    };
  });
}

function isMet(value: number | null, { figure, is, wanted }: Check): boolean {
  // Where most of the requests under load are lost, they are slower than any threshold.
  if (value === null) return figure.kind === "slowdown" && is === "at least";
  const judged = figure.kind === "deviation" ? Math.abs(value) : value;
  return is === "at least" ? judged >= wanted : judged <= wanted;
}

interface Value {
  value: number | null;
  range: [number, number] | null;
  text: string;
}

/** The value of all repetitions, and how each of them is written. */
function aggregate(
  figure: Figure,
  runs: readonly Repetition[],
  around: Surroundings,
): Value & { each: string[] } {
  const values = runs.map((run) => figureOf(figure, run, around));
  const each = values.map((value) => (value === null ? "none" : figureText(figure, value)));
  return { ...medianOf(figure, runs, values), each };
}

function medianOf(
  figure: Figure,
  runs: readonly Repetition[],
  values: readonly (number | null)[],
): Value {
  const found = values.flatMap((value) => value ?? []);
  const range: [number, number] | null =
    found.length === 0 ? null : [Math.min(...found), Math.max(...found)];
  if (figure.kind === "withinBound") {
    const within = values.filter((value) => value !== null && value <= 1).length;
    // Nine of ten may stand for all: what the machine itself adds to the largest times is not the node's
    // queue.
    const value = found.length === 0 ? null : within / values.length;
    const middle = median(found);
    const text = `${within} of ${values.length}; p99 grew by ${middle === null ? "nothing measured" : percent(middle)} of it`;
    return { value, range, text };
  }
  // What could not be computed ranks as the worst, but it is not a number.
  const value = found.length * 2 > values.length ? median(found) : null;
  if (value === null) return { value, range, text: "beyond measure" };
  const text = figureText(figure, value);
  if (figure.kind !== "slowdown") return { value, range, text };
  // A ratio alone does not say which of the two values differs from another scenario's.
  const us = ([idle, loaded]: readonly [number, number]): string =>
    `${idle.toFixed(0)} us, ${loaded.toFixed(0)} us`;
  const network = roundTripsUs(figure, runs, "p50Us");
  const seen = roundTripsUs(figure, runs, "seenP50Us");
  const told = [network && us(network), seen && `seen ${us(seen)}`].filter((part) => part !== null);
  return { value, range, text: told.length === 0 ? text : `${text} (${told.join("; ")})` };
}

function figureText({ kind }: Figure, value: number): string {
  switch (kind) {
    case "deviation":
      return `${value > 0 ? "+" : ""}${percent(value)}`;
    case "rate":
    case "inClass":
    case "withinBound":
      return percent(value);
    case "slowdown":
    case "spread":
      return value < 10 ? `${value.toFixed(2)}x` : times(value);
    case "fairness":
      return value.toFixed(3);
    case "burst":
      return `${value.toFixed(2)} bursts`;
    case "givenBack":
      return Number.isFinite(value) ? `${value.toFixed(0)} ms` : "never";
    case "refused":
      return value === 1 ? "refused" : "not refused";
  }
}

function wantedText(figure: Figure, wanted: number): string {
  if (figure.kind === "withinBound") return `${percent(wanted)} of the pairs`;
  return figure.kind === "deviation" ? percent(wanted) : figureText(figure, wanted);
}

function refusalResult(
  { what, wanted }: Check,
  name: string,
  { refusals = [] }: Scenario,
  { refused }: Surroundings,
): CheckResult {
  const said = refused[name] ?? null;
  const says = refusals.find((refusal) => refusal.name === name)?.says ?? "$^";
  const value = said !== null && new RegExp(says).test(said) ? 1 : 0;
  return {
    what,
    measured: value,
    range: null,
    text: said ?? "admitted",
    wanted: `refused with /${says}/`,
    met: value >= wanted,
    onlyShown: null,
    beside: null,
    capped: null,
  };
}

/** Whether what is measured without QoS is judged, too. */
export const judgesNoQos = ({ checks }: Scenario): boolean =>
  checks.some(({ on }) => on === "noQos");

/**
 * Says in a sentence each why the machine limited a repetition; where there is none it can be judged. Where
 * nothing is judged in a mode nothing limits it.
 */
export function limitsOf(
  scenario: Scenario,
  run: Repetition,
  mode: Mode,
  capacityBits: number,
): string[] {
  if (mode === "bandwidth" || (mode === "noQos" && !judgesNoQos(scenario))) return [];
  return scenario.phases.flatMap((phase) => {
    const found = run[phase.name];
    if (found === undefined) return [`the phase "${phase.name}" was not measured`];
    const limits =
      mode === "noQos"
        ? calibrationLimits(phase, found, scenario.wireBits)
        : loadLimits(phase, found, capacityBits);
    return [...limits, ...proberLimits(phase, found)].map((limit) =>
      mode === "noQos" ? `without QoS, ${limit}` : limit,
    );
  });
}

const rateIn = ({ loads }: Phase, run: PhaseRun, direction: Direction): number =>
  Object.entries(loads)
    .filter(([, load]) => load.direction === direction)
    .reduce((sum, [name]) => sum + (run.loads[name]?.rateBits ?? 0), 0);

function calibrationLimits(phase: Phase, run: PhaseRun, wireBits: number): string[] {
  const { name, calibrates: direction } = phase;
  if (direction === undefined) return [];
  const share = rateIn(phase, run, direction) / wireBits;
  return share >= sound.filled
    ? []
    : [
        `${name}: the loads filled ${percent(share)} of the wire on ${direction} (at least ${percent(sound.filled)} are needed): take a slower wire`,
      ];
}

function loadLimits(phase: Phase, run: PhaseRun, capacityBits: number): string[] {
  const limits: string[] = [];
  const wanted = phase.fillShare ?? sound.filled;
  for (const direction of phase.fills ?? []) {
    const rate = rateIn(phase, run, direction);
    if (rate < wanted * capacityBits)
      limits.push(
        `${phase.name}: the loads filled ${percent(rate / capacityBits)} of the ${direction} capacity (at least ${percent(wanted)} are needed)`,
      );
  }
  for (const [name, { offeredShare }] of Object.entries(run.loads)) {
    const needed = offeredNeeded(phase.loads[name]);
    if (offeredShare !== null && offeredShare < needed)
      limits.push(
        `${phase.name}: ${name} sent ${percent(offeredShare)} of what it was asked to (at least ${percent(needed)} are needed)`,
      );
  }
  return limits;
}

const isIdle = ({ loads }: Phase): boolean => Object.keys(loads).length === 0;

const proberLimits = (phase: Phase, run: PhaseRun): string[] =>
  Object.entries(run.latency).flatMap(([pod, { due, sent, p50Us }]) => {
    if (sent < sound.probesSent * due)
      return [`${phase.name}: the prober of ${pod} sent ${sent} of ${due} requests in time`];
    return isIdle(phase) && p50Us === null
      ? [`${phase.name}: most requests of ${pod} were never answered, with nothing in their way`]
      : [];
  });

function offeredNeeded(load: Load | undefined): number {
  if (load?.kind !== "udp" || load.enoughBits === undefined) return sound.offered;
  return Math.min(sound.offered, load.enoughBits / load.rateBits);
}

/** This is said where something was not met: that a processor is never idle may be the reason. */
export function busyLimits({ phases }: Scenario, runs: readonly Repetition[]): string[] {
  const busiest = (which: readonly Phase[]): number =>
    Math.max(0, ...runs.flatMap((run) => which.map(({ name }) => run[name]?.busyShare ?? 0)));
  const [all, idle] = [busiest(phases), busiest(phases.filter(isIdle))];
  const limits: string[] = [];
  if (all > sound.busyShare)
    limits.push(`${percent(all)} of the processors were in use: a wait for one looks like a queue`);
  if (idle > sound.idleBusyShare)
    limits.push(
      `${percent(idle)} of the processors were in use while the pods were idle: something else is running`,
    );
  return limits;
}

/** Whether all is met that is judged. */
export const allMet = (checks: readonly CheckResult[]): boolean =>
  checks.every(({ met, onlyShown }) => met || onlyShown !== null);

/**
 * What is met although the processors were all in use counts as met; what is not met says nothing then. Where
 * the loads were not there, neither says anything.
 */
export function scenarioVerdict(
  checks: readonly CheckResult[],
  limits: readonly string[],
  busy: readonly string[],
): Verdict {
  if (limits.length > 0) return "inconclusive";
  if (allMet(checks)) return "passed";
  return busy.length > 0 ? "inconclusive" : "failed";
}

/** One scenario that failed fails the run. Otherwise one that is inconclusive makes the run inconclusive. */
export function runVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("failed")) return "failed";
  return verdicts.includes("inconclusive") ? "inconclusive" : "passed";
}
