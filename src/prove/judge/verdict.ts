/** Makes from all that was measured of a scenario what is told of it. Pure. */
import type { Measured, Mode, Repetition, ScenarioResult, Surroundings } from "../engine/result.ts";
import type { Scenario } from "../engine/scenario.ts";
import { busyLimits, checkResults, judgesNoQos, scenarioVerdict } from "./judge.ts";
import { shownOf } from "./shown.ts";

export interface Found {
  measured: Measured;
  surroundings: Surroundings;
  /** Says in a sentence each why the machine limited it. */
  limits: readonly string[];
  /** Set where more looks were taken than the scenario asks for. */
  again: boolean;
}

const busiest = (runs: readonly Repetition[]): number =>
  Math.max(0, ...runs.flatMap((run) => Object.values(run).map(({ busyShare }) => busyShare)));

type Judged = Pick<ScenarioResult, "checks" | "modes" | "limits" | "busyShare" | "verdict">;

export function judged(
  scenario: Scenario,
  { measured, surroundings, limits, again }: Found,
): Judged {
  const { fairway = [], noQos = [] } = measured;
  const checks = checkResults(scenario, measured, surroundings, again);
  const busy = busyLimits(scenario, judgesNoQos(scenario) ? [...fairway, ...noQos] : fairway);
  const verdict = scenarioVerdict(checks, limits, busy);
  const modes = Object.entries(measured) as [Mode, Repetition[]][];
  return {
    checks,
    modes: Object.fromEntries(
      modes.map(([mode, runs]) => [mode, shownOf(scenario, runs.at(-1) ?? {})]),
    ),
    limits: verdict === "inconclusive" ? [...limits, ...busy] : [],
    busyShare: busiest(fairway),
    verdict,
  };
}
