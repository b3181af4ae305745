import { html, type Markup } from "./markup.ts";
import type { Scale, Tick } from "./scale.ts";

/** The frame is in the units of the drawing, which scales with the page. */
export const frame = {
  width: 480,
  height: 250,
  left: 52,
  right: 470,
  top: 12,
  bottom: 216,
} as const;

export interface Point {
  x: number;
  y: number;
}

/** Draws the grid, the ticks, and the names of both axes around what is drawn. */
export function plot(
  title: string,
  { x, y }: { x: Scale; y: Scale },
  ticks: { x: Tick[]; y: Tick[] },
  drawn: readonly Markup[],
): Markup {
  const horizontal = ticks.y.map(
    ({
      value,
      label,
    }) => html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${at(y(value))}" y2="${at(y(value))}"/>
<text x="${frame.left - 6}" y="${at(y(value) + 4)}" text-anchor="end">${label}</text>`,
  );
  const vertical = ticks.x.map(
    ({ value, label }) =>
      html`<text x="${at(x(value))}" y="${frame.bottom + 16}" text-anchor="middle">${label}</text>`,
  );
  return html`<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}">
${horizontal}${vertical}
<line class="axis" x1="${frame.left}" x2="${frame.right}" y1="${frame.bottom}" y2="${frame.bottom}"/>
${drawn}
</svg>`;
}

/** Draws a line through points; `null` breaks it. */
export function line(points: readonly (Point | null)[], colour: string, dashed = false): Markup {
  let pen = "M";
  const path = points.map((point) => {
    if (point === null) {
      pen = "M";
      return "";
    }
    const command = `${pen}${at(point.x)} ${at(point.y)}`;
    pen = "L";
    return command;
  });
  return html`<path d="${path.join("")}" fill="none" stroke="var(--${colour})" stroke-width="1.8" stroke-linejoin="round"${dashes(dashed)}/>
`;
}

/** Draws the area between two curves over the same moments. */
export function area(
  upper: readonly Point[],
  lower: readonly Point[],
  colour: string,
  opacity: number,
): Markup {
  const outline = [...upper, ...lower.toReversed()].map(({ x, y }) => `${at(x)} ${at(y)}`);
  return html`<path d="M${outline.join("L")}Z" fill="var(--${colour})" fill-opacity="${opacity}"/>
`;
}

export interface LegendEntry {
  label: string;
  colour: string;
  look: "line" | "dashed" | "area";
}

export function legend(entries: readonly LegendEntry[]): Markup {
  return html`<div class="legend">${entries.map(
    ({ label, colour, look }) =>
      html`<span><svg viewBox="0 0 22 10" aria-hidden="true">${
        look === "area"
          ? html`<rect width="22" height="10" rx="2" fill="var(--${colour})"/>`
          : html`<path d="M0 5H22" stroke="var(--${colour})" stroke-width="2.5"${dashes(look === "dashed")}/>`
      }</svg>${label}</span>`,
  )}</div>`;
}

function dashes(dashed: boolean): Markup {
  return dashed ? html` stroke-dasharray="5 4"` : html``;
}

/** A tenth of a unit is below what a screen shows. */
function at(value: number): number {
  return Math.round(value * 10) / 10;
}
