import { writeFileSync } from "node:fs";
import { version } from "../../ops/version.ts";
import { checkWritable, interruptible, requireMeans } from "../main.ts";
import { makeProgress } from "../progress.ts";
import type { Verdict } from "../result.ts";
import { catalogue, chained } from "../scenarios/index.ts";
import { renderMarkdown } from "./markdown.ts";
import { runMatrix, scenarioSeconds } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { renderList, renderMatrix, renderScenario } from "./table.ts";

export interface MatrixOptions {
  scenarios: readonly Scenario[];
  thorough: boolean;
  json: boolean;
  markdown: string | null;
  bandwidthPlugin: string | null;
  plugins: string | null;
}

/** `fairway prove --list` */
export function printList(): void {
  process.stdout.write(renderList([...catalogue, ...chained]));
}

/**
 * `fairway prove --all` and `--scenario`: each result as soon as it is known, and a table at the end.
 * @throws FairwayError for what this machine lacks.
 */
export async function runScenarios(options: MatrixOptions): Promise<Verdict> {
  const { scenarios, thorough, json, markdown, bandwidthPlugin, plugins } = options;
  requireMeans();
  if (markdown !== null) checkWritable("--markdown", markdown);
  const progress = makeProgress(
    { isTTY: process.stderr.isTTY === true, write: (text) => void process.stderr.write(text) },
    scenarios.reduce(
      (sum, scenario) => sum + scenarioSeconds(scenario, thorough, bandwidthPlugin !== null),
      0,
    ),
  );
  const result = await interruptible((signal) =>
    runMatrix({
      scenarios,
      thorough,
      bandwidthPlugin,
      plugins,
      fairwayVersion: version,
      progress,
      signal,
      done(each) {
        if (json) return;
        progress.end();
        process.stdout.write(`${renderScenario(each)}\n`);
      },
    }),
  );
  if (markdown !== null) writeFileSync(markdown, renderMarkdown(result));
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : renderMatrix(result));
  return result.verdict;
}
