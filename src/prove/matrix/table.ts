import { formatRate } from "../../config/quantities.ts";
import { wrap } from "../table.ts";
import { percent } from "../words.ts";
import type { CheckResult, MatrixResult, ScenarioResult } from "./result.ts";
import { scenarioSeconds } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** One scenario, with all that was measured. */
export function renderScenario(result: ScenarioResult): string {
  const { name, shows, wireBits, checks, limits, busyShare, tookSeconds, verdict, error } = result;
  return [
    `${verdict.toUpperCase()}  ${name}  (wire ${formatRate(wireBits)}bit/s, ${tookSeconds.toFixed(0)} s, processors ${percent(busyShare)} in use at the most)`,
    ...wrap(shows, "  "),
    ...checks.flatMap(checkLines),
    ...(error === null ? [] : wrap(`it could not be run: ${error}`, "  ", "! ")),
    ...limits.flatMap((limit) => wrap(limit, "  ", "! ")),
    "",
  ].join("\n");
}

function checkLines(check: CheckResult): string[] {
  const { what, text, wanted, beside, capped, onlyShown } = check;
  const state = onlyShown !== null ? "shown  " : check.met ? "met    " : "NOT MET";
  const without = beside === null ? "" : `; without QoS ${beside}`;
  const under = capped === null ? "" : `; under the bandwidth plugin ${capped}`;
  const why = onlyShown === null ? "" : `; not judged: ${onlyShown}`;
  return wrap(`${what}: ${text} (${wanted})${without}${under}${why}`, "  ", `${state}  `);
}

/** The last table: a line for each scenario. */
export function renderMatrix({ scenarios, verdict, tookSeconds }: MatrixResult): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const count = (wanted: ScenarioResult["verdict"]): number =>
    scenarios.filter((each) => each.verdict === wanted).length;
  return [
    ...scenarios.map(
      (each) => `${each.verdict.padEnd(12)}  ${each.name.padEnd(width)}  ${summary(each)}`,
    ),
    "",
    `${verdict.toUpperCase()}: ${count("passed")} passed, ${count("failed")} failed, ${count("inconclusive")} inconclusive, ${tookSeconds.toFixed(0)} s`,
    "",
  ].join("\n");
}

function summary({ checks, error }: ScenarioResult): string {
  if (error !== null) return error;
  const judged = checks.filter(({ onlyShown }) => onlyShown === null);
  const met = judged.filter((check) => check.met).length;
  return `${met} of ${judged.length} met`;
}

/** `--list`. */
export function renderList(scenarios: readonly Scenario[]): string {
  return scenarios
    .flatMap((scenario) => [
      `${scenario.name}  (wire ${formatRate(scenario.wireBits)}bit/s, ${scenario.pods.length} pods, about ${Math.round(scenarioSeconds(scenario, false))} s)`,
      ...wrap(scenario.shows, "  "),
    ])
    .concat("")
    .join("\n");
}
