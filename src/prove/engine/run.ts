import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import { allMet, checkResults, limitsOf, runVerdict } from "../judge/judge.ts";
import { judged } from "../judge/verdict.ts";
import { bandwidthVersion } from "./bandwidth.ts";
import { environment } from "./environment.ts";
import { type Live, type Look, makeLive, promisedPod } from "./live.ts";
import { capacityOf, makeProveNode, type ProveNode } from "./node.ts";
import { phaseSeconds, runPhase } from "./phase.ts";
import type { Progress } from "./progress.ts";
import type { Measured, Mode, ProveResult, Repetition, ScenarioResult } from "./result.ts";
import type { Scenario } from "./scenario.ts";

export interface ProveRun {
  scenarios: readonly Scenario[];
  thorough: boolean;
  /** The reference bandwidth plugin's file, where it is measured under that, too. */
  bandwidthPlugin: string | null;
  /** The folder of the reference plugins, for the chained scenarios. */
  plugins: string | null;
  fairwayVersion: string;
  progress: Progress;
  signal: AbortSignal;
  /** Called as each one ends. */
  done(result: ScenarioResult): void;
}

const SETUP_SECONDS = 1;
/** The time of an ADD and of making its namespace. */
const POD_SECONDS = 0.2;
/** After a scenario the machine has to come to rest: the next one measures idle first. */
const REST_MS = 300;

/** Says about how long a scenario takes. */
export function scenarioSeconds(scenario: Scenario, thorough: boolean, capped = false): number {
  const once = scenario.phases.reduce((sum, phase) => sum + phaseSeconds(phase, thorough), 0);
  const passes = repetitionsOf(scenario, thorough) * (scenario.beside ? (capped ? 3 : 2) : 1);
  return SETUP_SECONDS + scenario.pods.length * POD_SECONDS + once * passes;
}

const repetitionsOf = ({ repeat }: Scenario, thorough: boolean): number =>
  repeat === undefined ? 1 : thorough ? repeat.thorough : repeat.usual;

/** Runs one scenario after the other. One that cannot be run has a result, too, and the others follow. */
export async function prove(run: ProveRun): Promise<ProveResult> {
  const startedAt = new Date();
  const results: ScenarioResult[] = [];
  const seen = { congestionControl: "unknown" };
  try {
    for (const scenario of run.scenarios) {
      run.signal.throwIfAborted();
      const result = await runScenario(run, scenario, seen);
      results.push(result);
      run.done(result);
      await sleep(REST_MS, undefined, { signal: run.signal });
    }
  } finally {
    run.progress.end();
  }
  return {
    version: 2,
    startedAt: startedAt.toISOString(),
    tookSeconds: secondsSince(startedAt.getTime()),
    thorough: run.thorough,
    bandwidthPlugin: run.bandwidthPlugin && bandwidthVersion(run.bandwidthPlugin),
    environment: environment(run.fairwayVersion, seen.congestionControl),
    scenarios: results,
    verdict: runVerdict(results.map(({ verdict }) => verdict)),
  };
}

const secondsSince = (ms: number): number => Math.round((Date.now() - ms) / 100) / 10;

async function runScenario(
  run: ProveRun,
  scenario: Scenario,
  seen: { congestionControl: string },
): Promise<ScenarioResult> {
  const began = Date.now();
  const { name, shows, wireBits, pods } = scenario;
  const about = { name, shows, wireBits, capacityBits: capacityOf(scenario), pods };
  try {
    const { node, ...found } = await measure(run, scenario);
    seen.congestionControl = node.congestionControl;
    return {
      ...about,
      ...judged(scenario, { ...found, surroundings: node.surroundings }),
      tookSeconds: secondsSince(began),
      error: null,
    };
  } catch (error) {
    if (run.signal.aborted) throw error;
    return {
      ...about,
      checks: [],
      modes: {},
      limits: [],
      busyShare: 0,
      tookSeconds: secondsSince(began),
      verdict: "failed",
      error: messageOf(error),
    };
  }
}

const modeTitles: Record<Mode, string> = {
  fairway: "",
  noQos: ", without QoS",
  bandwidth: ", bandwidth plugin",
};

interface Passed {
  runs: Repetition[];
  /** It is not empty where too few of them can be judged. */
  limits: string[];
}

/** A run, while it measures one scenario. */
interface Running extends ProveRun {
  /** null: no pod of the scenario has a promise. */
  live: Live | null;
}

interface MeasuredScenario {
  measured: Measured;
  limits: string[];
  node: ProveNode;
  /** Set where more looks were taken than the scenario asks for. */
  again: boolean;
}

async function measure(whole: ProveRun, scenario: Scenario): Promise<MeasuredScenario> {
  const { progress, signal } = whole;
  const setup = SETUP_SECONDS + scenario.pods.length * POD_SECONDS;
  const promised = promisedPod(scenario);
  const live = promised === null ? null : makeLive(promised);
  const run: Running = { ...whole, live };
  progress.figures(() => live?.text() ?? "");
  progress.step(`${scenario.name}: the node, the wire and ${scenario.pods.length} pods`, setup);
  const node = makeProveNode(scenario, run.plugins);
  process.once("exit", node.remove);
  try {
    signal.throwIfAborted();
    const wanted = repetitionsOf(scenario, run.thorough);
    const first = await pass(run, scenario, node, "fairway", wanted);
    const { runs: fairway, limits, again } = await lookAgain(run, scenario, node, first);
    const told = (beside: Measured, more: string[] = []): MeasuredScenario => ({
      measured: { ...beside, fairway },
      limits: [...limits, ...more],
      node,
      again,
    });
    if (!scenario.beside) return told({});
    node.removeQos();
    const without = await pass(run, scenario, node, "noQos", wanted);
    const noQos = without.runs;
    if (run.bandwidthPlugin === null) return told({ noQos }, without.limits);
    node.capPods(run.bandwidthPlugin);
    const { runs: bandwidth } = await pass(run, scenario, node, "bandwidth", wanted);
    return told({ noQos, bandwidth }, without.limits);
  } finally {
    process.removeListener("exit", node.remove);
    node.remove();
  }
}

/** Together with the one that was not kept these are enough for a median. */
const MORE_LOOKS = 2;

/**
 * Takes two more looks where a promise was not kept in a single look of some seconds. The machine may be the
 * reason: it stopped for a moment, or a sender did. The median of the three is judged. What Fairway does not
 * keep, it does not keep in those either.
 */
async function lookAgain(
  run: Running,
  scenario: Scenario,
  node: ProveNode,
  first: Passed,
): Promise<Passed & { again: boolean }> {
  const isSingle = first.runs.length === 1 && scenario.phases.length > 0;
  if (!isSingle || first.limits.length > 0) return { ...first, again: false };
  const own = { ...scenario, checks: scenario.checks.filter(({ on }) => on === undefined) };
  const checks = checkResults(own, { fairway: first.runs }, node.surroundings);
  if (allMet(checks)) return { ...first, again: false };
  const more = await pass(run, scenario, node, "fairway", MORE_LOOKS);
  return { runs: [...first.runs, ...more.runs], limits: more.limits, again: true };
}

/**
 * Runs all repetitions in one mode. One that the machine limited is measured again, as long as there are not
 * more of these than half of what is wanted (one at least), since the machine's other work comes and goes.
 */
async function pass(
  run: Running,
  scenario: Scenario,
  node: ProveNode,
  mode: Mode,
  wanted: number,
): Promise<Passed> {
  const spare = Math.ceil(wanted / 2);
  const sound: Repetition[] = [];
  const limited: { runs: Repetition[]; limits: string[] } = { runs: [], limits: [] };
  while (sound.length < wanted && limited.runs.length <= spare) {
    const repetition = await repeat(run, scenario, node, mode, [sound.length + 1, wanted]);
    const limits = limitsOf(scenario, repetition, mode, capacityOf(scenario));
    if (limits.length === 0) sound.push(repetition);
    else {
      limited.runs.push(repetition);
      limited.limits.push(...limits);
    }
  }
  return sound.length === wanted
    ? { runs: sound, limits: [] }
    : { runs: [...sound, ...limited.runs], limits: limited.limits };
}

async function repeat(
  { progress, signal, thorough, live }: Running,
  scenario: Scenario,
  node: ProveNode,
  mode: Mode,
  [number, count]: readonly [number, number],
): Promise<Repetition> {
  const which = count > 1 ? ` (${number} of ${count})` : "";
  const repetition: Repetition = {};
  for (const phase of scenario.phases) {
    const label = `${scenario.name}: ${phase.name}${which}${modeTitles[mode]}`;
    progress.step(label, phaseSeconds(phase, thorough));
    const watched = (look: Look): void => live?.watch(mode, look);
    repetition[phase.name] = await runPhase({ node, scenario, thorough, signal, watched }, phase);
  }
  return repetition;
}
