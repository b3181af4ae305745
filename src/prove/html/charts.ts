import type { Direction } from "../../plan/node.ts";
import { type LatencyPoint, type Mode, modes, type ProveResult } from "../result.ts";
import { modeTitles } from "../words.ts";
import { html, type Markup } from "./markup.ts";
import { area, frame, type LegendEntry, legend, line, type Point, plot } from "./plot.ts";
import {
  decades,
  decadeTicks,
  linearScale,
  linearTicks,
  logScale,
  type Scale,
  type Tick,
} from "./scale.ts";

const modeColours: Record<Mode, string> = { noQos: "noqos", fairway: "fairway" };

function seconds(result: ProveResult): { x: Scale; ticks: Tick[] } {
  const { seconds: to } = result.settings;
  return {
    x: linearScale(0, to * 1000, frame.left, frame.right),
    ticks: linearTicks(to).map((value) => ({ value: value * 1000, label: `${value} s` })),
  };
}

export const latencyLegend: Markup = legend(
  modes.flatMap((mode): LegendEntry[] => [
    { label: `${modeTitles[mode]}, loaded`, colour: modeColours[mode], look: "line" },
    { label: `${modeTitles[mode]}, idle`, colour: modeColours[mode], look: "dashed" },
  ]),
);

/** Round trips over time, median of each moment, with everything up to the slowest shaded; logarithmic. */
export function latencyChart(result: ProveResult, direction: Direction): Markup {
  const { x, ticks } = seconds(result);
  const found = modes.map((mode) => ({
    colour: modeColours[mode],
    idle: result.modes[mode].idle.series,
    loaded: result.modes[mode][direction].loaded.series,
  }));
  // Both directions on one scale, so that they can be compared.
  const everything = modes.flatMap((mode) => {
    const { idle, egress, ingress } = result.modes[mode];
    return [idle, egress.loaded, ingress.loaded].flatMap(({ series }) => values(series));
  });
  const range = decades(everything);
  const y = logScale(range.from, range.to, frame.bottom, frame.top);
  const p50 = (series: readonly LatencyPoint[]): (Point | null)[] =>
    series.map(({ atMs, p50Us }) => (p50Us === null ? null : { x: x(atMs), y: y(p50Us) }));
  return plot(
    `Round trips over time, ${direction}`,
    { x, y },
    { x: ticks, y: decadeTicks(range) },
    found.flatMap(({ colour, idle, loaded }) => [
      spread(loaded, x, y, colour),
      line(p50(idle), colour, true),
      line(p50(loaded), colour),
    ]),
  );
}

function values(series: readonly LatencyPoint[]): number[] {
  return series.flatMap(({ p50Us, maxUs }) => [p50Us, maxUs].filter((us) => us !== null));
}

/** From the median to the slowest. */
function spread(series: readonly LatencyPoint[], x: Scale, y: Scale, colour: string): Markup {
  const complete = series.flatMap(({ atMs, p50Us, maxUs }) =>
    p50Us === null || maxUs === null ? [] : { atMs, p50Us, maxUs },
  );
  if (complete.length === 0) return html``;
  return area(
    complete.map(({ atMs, maxUs }) => ({ x: x(atMs), y: y(maxUs) })),
    complete.map(({ atMs, p50Us }) => ({ x: x(atMs), y: y(p50Us) })),
    colour,
    0.16,
  );
}

export const throughputLegend: Markup = legend([
  { label: "steady pod", colour: "steady", look: "area" },
  { label: "noisy pod, on top of it", colour: "noisy", look: "area" },
  { label: "promised to the steady pod", colour: "promise", look: "dashed" },
  { label: "capacity", colour: "noisy-line", look: "dashed" },
]);

/** What both pods got, one on the other, against the promise and the capacity. */
export function throughputChart(result: ProveResult, mode: Mode, direction: Direction): Markup {
  const { settings } = result;
  const { series } = result.modes[mode][direction].throughput;
  const { x, ticks } = seconds(result);
  const highest = Math.max(
    settings.wireBits,
    ...result.modes.noQos[direction].throughput.series.map(
      (point) => point.steadyBits + point.noisyBits,
    ),
    ...result.modes.fairway[direction].throughput.series.map(
      (point) => point.steadyBits + point.noisyBits,
    ),
  );
  const top = highest * 1.05;
  const y = linearScale(0, top, frame.bottom, frame.top);
  const curve = (bits: (point: (typeof series)[number]) => number): Point[] =>
    series.map((point) => ({ x: x(point.atMs), y: y(bits(point)) }));
  const steady = curve((point) => point.steadyBits);
  const both = curve((point) => point.steadyBits + point.noisyBits);
  const level = (bits: number, colour: string): Markup =>
    line(
      [
        { x: frame.left, y: y(bits) },
        { x: frame.right, y: y(bits) },
      ],
      colour,
      true,
    );
  return plot(
    `Throughput over time, ${direction}, ${modeTitles[mode]}, Mbit/s`,
    { x, y },
    {
      x: ticks,
      y: linearTicks(top / 1e6).map((value) => ({ value: value * 1e6, label: String(value) })),
    },
    [
      area(both, steady, "noisy", 0.75),
      area(
        steady,
        curve(() => 0),
        "steady",
        0.35,
      ),
      line(both, "noisy-line"),
      line(steady, "steady"),
      level(settings.capacityBits, "noisy-line"),
      level(settings.guaranteeBits, "promise"),
    ],
  );
}
