import { directions } from "../../../plan/node.ts";
import type { Mode, PhaseShown, ProveResult, ScenarioResult } from "../../engine/result.ts";
import { headline } from "../headline.ts";
import { isIdle, sideBySide } from "../side-by-side.ts";
import { environmentFacts, modesOf, modeTitles, notes, setupText, verdictTexts } from "../words.ts";
import { latencyChart, latencyLegend, throughputChart, throughputLegend } from "./charts.ts";
import { type Markup as Html, html, Markup } from "./markup.ts";
import { style } from "./style.ts";

/** Writes one file. It has no script, needs no network, and is light or dark as the reader's system is. */
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
${result.scenarios.map(scenario)}
<h2>How to read this</h2>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>
<h2>Where it ran</h2>
<dl>${environmentFacts(result).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
</main>
</body>
</html>
`.text;
}

function scenario(result: ScenarioResult): Html {
  const { name, shows, verdict, error } = result;
  return html`<h2 id="${name}">${name}: <span class="${verdict}">${verdict}</span></h2>
${leading(result)}<p>${shows}</p>
${error === null ? html`` : html`<p class="failed">It could not be run: ${error}</p>`}
${limits(result)}
<p class="muted">${setupText(result)}</p>
${latencies(result)}
${throughputs(result)}
${checks(result)}
${comparison(result)}`;
}

function leading(result: ScenarioResult): Html {
  const found = headline(result);
  return found === null
    ? html``
    : html`<p class="headline">${found}</p>
`;
}

function limits({ limits: found }: ScenarioResult): Html {
  if (found.length === 0) return html``;
  return html`<div class="card inconclusive"><h3>The machine limited this run</h3><ul>${found.map((limit) => html`<li>${limit}</li>`)}</ul></div>`;
}

function checks(result: ScenarioResult): Html {
  const rows = result.checks.map(({ what, text, wanted, met, onlyShown, beside, capped }) => {
    const [look, mark] =
      onlyShown !== null ? ["muted", "shown"] : met ? ["passed", "✓ met"] : ["failed", "✗ not met"];
    const others = [
      beside === null ? "" : `without QoS ${beside}`,
      capped === null ? "" : `under the bandwidth plugin ${capped}`,
    ].filter((other) => other !== "");
    return html`<tr><td class="mark ${look}">${mark}</td><td class="what">${what}${onlyShown === null ? "" : `; not judged: ${onlyShown}`}</td><td class="value own" data-of="measured">${text}</td><td class="value muted" data-of="wanted">${wanted}</td><td class="muted" data-of="beside">${others.join("; ")}</td></tr>`;
  });
  if (rows.length === 0) return html``;
  return html`<div class="card scroll"><table class="stack"><tr class="heads"><th></th><th>what</th><th class="value">measured</th><th class="value">wanted</th><th>beside</th></tr>${rows}</table></div>`;
}

function comparison(result: ScenarioResult): Html {
  const modes = modesOf(result);
  const isOwn = (at: number): string => (modes[at] === "fairway" ? " own" : "");
  const titleOf = (at: number): string => {
    const mode = modes[at];
    return mode === undefined ? "" : modeTitles[mode];
  };
  const sections = sideBySide(result).map(({ title, rows }) => {
    const lines = rows.map(
      ({ label, values }) =>
        html`<tr><td class="what">${label}</td>${values.map((value, at) => html`<td class="value${isOwn(at)}" data-of="${titleOf(at)}">${value}</td>`)}</tr>`,
    );
    return html`<tr><th class="section" colspan="${modes.length + 1}">${title}</th></tr>${lines}`;
  });
  if (sections.length === 0) return html``;
  return html`<div class="card scroll"><table class="stack"><tr class="heads"><th></th>${modes.map((mode) => html`<th class="value">${modeTitles[mode]}</th>`)}</tr>${sections}</table></div>`;
}

const card = (title: string, chart: Html): Html =>
  html`<div class="card"><h3>${title}</h3>${chart}</div>`;

/** Draws the latency of pods that was measured with other traffic beside them. */
function latencies(result: ScenarioResult): Html {
  const cards = (result.modes.fairway ?? [])
    .filter((phase) => !isIdle(phase))
    .flatMap((phase) =>
      Object.keys(phase.latency).map((pod) =>
        card(`${pod}, ${phase.name}`, latencyChart(result, phase, pod)),
      ),
    );
  if (cards.length === 0) return html``;
  return html`<h3>Latency over time</h3>
<p class="muted">Round trips: the median of each moment as a line, everything up to the slowest shaded. Logarithmic scale; dashed is the idle wire.</p>
${latencyLegend(result)}
<div class="pair">${cards}</div>`;
}

function throughputs(result: ScenarioResult): Html {
  const inMode = (mode: Mode, name: string): PhaseShown | undefined =>
    result.modes[mode]?.find((phase) => phase.name === name);
  const pairs = (result.modes.fairway ?? []).flatMap((phase) =>
    directions
      .filter((direction) => phase.loads.some((load) => load.direction === direction))
      .map((direction) => {
        const title = phase.name === direction ? direction : `${phase.name}, ${direction}`;
        const cards = modesOf(result).flatMap((mode) => {
          const found = inMode(mode, phase.name);
          return found === undefined
            ? []
            : card(
                `${title}: ${modeTitles[mode]}`,
                throughputChart(result, mode, found, direction),
              );
        });
        return html`<div class="pair">${cards}</div>`;
      }),
  );
  if (pairs.length === 0) return html``;
  return html`<h3>Throughput over time</h3>
<p class="muted">Mbit/s of Ethernet frames, one on the other.</p>
${throughputLegend}
${pairs}`;
}
