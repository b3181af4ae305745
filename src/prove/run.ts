/** Makes a run, from the scenarios that are asked for to what is printed and written of it. */
import { writeFileSync } from "node:fs";
import { print } from "../ops/print.ts";
import { version } from "../ops/version.ts";
import { makeProgress, type ProgressOutput, redrawsOn } from "./engine/progress.ts";
import type { Verdict } from "./engine/result.ts";
import { prove, scenarioSeconds } from "./engine/run.ts";
import type { Scenario } from "./engine/scenario.ts";
import { checkWritable, interruptible, requireMeans } from "./means.ts";
import { renderHtml } from "./report/html/page.ts";
import { renderPicture } from "./report/html/picture.ts";
import { renderMarkdown } from "./report/markdown.ts";
import { renderAll, renderAlone, renderScenario } from "./report/table.ts";

export interface RunOptions {
  scenarios: readonly Scenario[];
  thorough: boolean;
  json: boolean;
  /** The files to write. */
  html: string | null;
  plot: string | null;
  markdown: string | null;
  bandwidthPlugin: string | null;
  /** The folder of the reference plugins. */
  plugins: string | null;
}

const stderrOutput = (): ProgressOutput => ({
  redraws: redrawsOn(process.stderr.isTTY === true, process.env),
  get columns() {
    // A terminal that was never told its size says 0.
    return process.stderr.columns || 80;
  },
  write: (text) => void process.stderr.write(text),
});

/**
 * Prints one scenario with all that was measured. Of several it prints each result as soon as it is known,
 * and a table at the end.
 * @throws FairwayError for what this machine lacks.
 */
export async function runScenarios(options: RunOptions): Promise<Verdict> {
  const { scenarios, thorough, json, html, plot, markdown, bandwidthPlugin, plugins } = options;
  requireMeans();
  // This is found out before the minutes of measuring, and not after them.
  if (html !== null) checkWritable("--html", html);
  if (plot !== null) checkWritable("--plot", plot);
  if (markdown !== null) checkWritable("--markdown", markdown);
  const isAlone = scenarios.length === 1;
  const progress = makeProgress(
    stderrOutput(),
    scenarios.reduce(
      (sum, scenario) => sum + scenarioSeconds(scenario, thorough, bandwidthPlugin !== null),
      0,
    ),
  );
  const result = await interruptible((signal) =>
    prove({
      scenarios,
      thorough,
      bandwidthPlugin,
      plugins,
      fairwayVersion: version,
      progress,
      signal,
      done(each) {
        if (json || isAlone) return;
        progress.end();
        process.stdout.write(`${renderScenario(each)}\n`);
      },
    }),
  );
  if (html !== null) writeFileSync(html, renderHtml(result));
  if (plot !== null) writeFileSync(plot, renderPicture(result));
  if (markdown !== null) writeFileSync(markdown, renderMarkdown(result));
  print(result, json, isAlone ? renderAlone : renderAll);
  return result.verdict;
}
