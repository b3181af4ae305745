import { formatRate } from "../../config/quantities.ts";
import type { CheckResult, ProveResult, ScenarioResult } from "../engine/result.ts";
import { scenarioSeconds } from "../engine/run.ts";
import type { Scenario } from "../engine/scenario.ts";
import { headline } from "./headline.ts";
import { sideBySide } from "./side-by-side.ts";
import {
  environmentFacts,
  modesOf,
  modeTitles,
  notes,
  percent,
  setupText,
  verdictTexts,
} from "./words.ts";
import { wrap } from "./wrap.ts";

/** Writes one scenario, with all that was judged. */
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

/** Writes what was measured, in a column for each mode. */
function measuredLines(result: ScenarioResult): string[] {
  const sections = sideBySide(result);
  const titles = modesOf(result).map((mode) => modeTitles[mode]);
  const rows = sections.flatMap((section) => section.rows);
  const labelWidth = Math.max(0, ...rows.map(({ label }) => label.length));
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...rows.map(({ values }) => values[at]?.length ?? 0)),
  );
  const line = (label: string, cells: readonly string[]): string =>
    `  ${label.padEnd(labelWidth)}${cells.map((cell, at) => `  ${cell.padStart(widths[at] ?? 0)}`).join("")}`;
  return sections.flatMap(({ title, rows: own }, at) => [
    at === 0 ? line("", titles) : "",
    title,
    ...own.map(({ label, values }) => line(label, values)),
  ]);
}

/** Writes a run of one scenario, with all that was measured. */
export function renderAlone(result: ProveResult): string {
  return [
    ...result.scenarios.flatMap((each) => [
      ...wrap(setupText(each)),
      "",
      ...measuredLines(each),
      "",
      renderScenario(each),
    ]),
    ...notes.flatMap((note) => wrap(note, "  ", "- ")),
    ...wrap(
      environmentFacts(result)
        .map(([name, value]) => `${name} ${value}`)
        .join("; "),
      "  ",
      "- ",
    ),
    "",
    ...result.scenarios.flatMap((each) => {
      const sentence = headline(each);
      return sentence === null ? [] : wrap(sentence);
    }),
    `${result.verdict.toUpperCase()}: ${verdictTexts[result.verdict]}`,
    "",
  ].join("\n");
}

/** Writes the last table of several scenarios, with a line for each. */
export function renderAll({ scenarios, verdict, tookSeconds }: ProveResult): string {
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

/** Writes what `--list` shows. */
export function renderList(scenarios: readonly Scenario[]): string {
  return scenarios
    .flatMap((scenario) => [
      `${scenario.name}  (wire ${formatRate(scenario.wireBits)}bit/s, ${scenario.pods.length} pods, about ${Math.round(scenarioSeconds(scenario, false))} s)`,
      ...wrap(scenario.shows, "  "),
    ])
    .concat("")
    .join("\n");
}
