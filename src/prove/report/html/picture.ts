/** One plot as a file of its own, for a page that cannot hold the report. */
import { FairwayError } from "../../../errors.ts";
import type { Mode, ProveResult } from "../../engine/result.ts";
import { firstLoaded } from "../headline.ts";
import { modesOf, modeTitles } from "../words.ts";
import { latencyChart, modeColours } from "./charts.ts";
import { html, Markup } from "./markup.ts";
import { frame } from "./plot.ts";
import { style } from "./style.ts";

/** The units of the drawing; its heading stands above the plot. */
const heading = 26;

/**
 * An SVG of the first scenario's latency over time, light or dark as the reader's system is.
 * @throws FairwayError where no latency was measured beside other traffic.
 */
export function renderPicture({ scenarios: [scenario] }: ProveResult): string {
  const loaded = scenario === undefined ? null : firstLoaded(scenario);
  if (scenario === undefined || loaded === null) {
    throw new FairwayError("io", "there is no plot: no latency was measured beside other traffic");
  }
  const { phase, pod } = loaded;
  const chart = latencyChart(scenario, phase, pod);
  const names = modesOf(scenario).map(
    (mode: Mode, at) =>
      html`<tspan fill="var(--${modeColours[mode]})" dx="${at === 0 ? 0 : 14}">${modeTitles[mode]}</tspan>`,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${frame.height + heading}" font-family="system-ui, sans-serif" role="img" aria-label="${pod}'s round trip beside the others">
<style>${new Markup(style)}.name { font-size: 12px; font-weight: 600; } #chart svg { width: ${frame.width}px; height: ${frame.height}px; }</style>
<rect width="100%" height="100%" fill="var(--card)"/>
<text class="name label" x="${frame.left}" y="18">${pod}'s round trip beside the others: <tspan class="name">${names}</tspan></text>
<g id="chart" transform="translate(0 ${heading})">${chart}</g>
</svg>
`.text;
}
