import { directions } from "../../plan/node.ts";
import { modes, type ProveResult } from "../result.ts";
import {
  checkText,
  directionTitles,
  environmentFacts,
  modeTitles,
  notes,
  setupText,
  summary,
  verdictTexts,
} from "../words.ts";
import { latencyChart, latencyLegend, throughputChart, throughputLegend } from "./charts.ts";
import { type Markup as Html, html, Markup } from "./markup.ts";
import { style } from "./style.ts";

/** One file: no script, no network, light or dark as the reader's system is. */
export function renderHtml(result: ProveResult): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Fairway: ${result.verdict}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>Does Fairway keep its promises here?</h1>
<div class="verdict ${result.verdict}"><span class="badge">${result.verdict}</span><strong>${verdictTexts[result.verdict]}</strong></div>
${limits(result)}
<p>${setupText(result)}</p>
<h2>Checks</h2>
${checks(result)}
<h2>Side by side</h2>
${comparison(result)}
<h2>Latency over time</h2>
<p class="muted">Round trips of the steady pod: the median of each moment as a line, everything up to the slowest shaded. Logarithmic scale; dashed is the idle wire.</p>
${latencyLegend}
<div class="pair">${directions.map((direction) => html`<div class="card"><h3>${directionTitles[direction]}</h3>${latencyChart(result, direction)}</div>`)}</div>
<h2>Throughput over time</h2>
<p class="muted">Mbit/s of Ethernet frames, one pod on the other.</p>
${throughputLegend}
${directions.map((direction) => html`<div class="pair">${modes.map((mode) => html`<div class="card"><h3>${directionTitles[direction]}: ${modeTitles[mode]}</h3>${throughputChart(result, mode, direction)}</div>`)}</div>`)}
<h2>How to read this</h2>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>
<h2>Where it ran</h2>
<dl>${environmentFacts(result).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
</main>
</body>
</html>
`.text;
}

function limits({ limits: found }: ProveResult): Html {
  if (found.length === 0) return html``;
  return html`<div class="card inconclusive"><h3>The machine limited this run</h3><ul>${found.map((limit) => html`<li>${limit}</li>`)}</ul></div>`;
}

function checks({ judgements }: ProveResult): Html {
  const rows = judgements.map((judgement) => {
    const { what, measured, wanted } = checkText(judgement);
    const [look, mark] = judgement.met ? ["passed", "✓ met"] : ["failed", "✗ not met"];
    return html`<tr><td class="mark ${look}">${mark}</td><td>${what}</td><td class="value own">${measured}</td><td class="value muted">${wanted}</td></tr>`;
  });
  return html`<div class="card scroll"><table><tr><th></th><th>what</th><th class="value">measured</th><th class="value">wanted</th></tr>${rows}</table></div>`;
}

function comparison(result: ProveResult): Html {
  const sections = summary(result).map(({ title, rows }) => {
    const lines = rows.map(
      ({ label, values }) =>
        html`<tr><td>${label}</td><td class="value">${values.noQos}</td><td class="value own">${values.fairway}</td></tr>`,
    );
    return html`<tr><th class="section" colspan="3">${title}</th></tr>${lines}`;
  });
  return html`<div class="card scroll"><table><tr><th></th>${modes.map((mode) => html`<th class="value">${modeTitles[mode]}</th>`)}</tr>${sections}</table></div>`;
}
