/** Selects from the measurements of a repetition what tables and plots show of it. Pure. */
import { parseRateBits } from "../../config/quantities.ts";
import type { LoadRun, LoadShown, PhaseRun, PhaseShown, Repetition } from "../engine/result.ts";
import type { Load, Scenario } from "../engine/scenario.ts";
import { rateSeries, seriesStepMs } from "./statistics.ts";

function guaranteeOf({ pods }: Scenario, name: string, load: Load): number | null {
  const asks = pods.find((pod) => pod.name === name)?.asks;
  const text = asks?.[`${load.direction}-guarantee`];
  return text === undefined ? null : parseRateBits(text, name);
}

function loadShown(
  scenario: Scenario,
  name: string,
  load: Load,
  run: LoadRun,
  window: PhaseRun,
): LoadShown {
  const pod = load.kind === "bursts" ? null : load.pod;
  return {
    name,
    direction: load.direction,
    pod,
    guaranteeBits: pod === null ? null : guaranteeOf(scenario, pod, load),
    rateBits: run.rateBits,
    series: rateSeries(run.counts, window, seriesStepMs),
  };
}

export function shownOf(scenario: Scenario, repetition: Repetition): PhaseShown[] {
  return scenario.phases.flatMap(({ name, loads }) => {
    const run = repetition[name];
    if (run === undefined) return [];
    return {
      name,
      seconds: (run.toMs - run.fromMs) / 1000,
      loads: Object.entries(loads).flatMap(([title, load]) => {
        const found = run.loads[title];
        return found === undefined ? [] : loadShown(scenario, title, load, found, run);
      }),
      latency: run.latency,
      busyShare: run.busyShare,
    };
  });
}
