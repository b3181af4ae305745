import type { Direction } from "../../../plan/node.ts";
import type {
  LatencyPoint,
  LoadShown,
  Mode,
  PhaseShown,
  ScenarioResult,
} from "../../engine/result.ts";
import { isIdle } from "../side-by-side.ts";
import { modesOf, modeTitles } from "../words.ts";
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

export const modeColours: Record<Mode, string> = {
  noQos: "noqos",
  bandwidth: "bandwidth",
  fairway: "fairway",
};

function seconds({ seconds: to }: PhaseShown): { x: Scale; ticks: Tick[] } {
  return {
    x: linearScale(0, to * 1000, frame.left, frame.right),
    ticks: linearTicks(to).map((value) => ({ value: value * 1000, label: `${value} s` })),
  };
}

export const latencyLegend = (result: ScenarioResult): Markup =>
  legend(
    modesOf(result).flatMap((mode): LegendEntry[] => [
      { label: `${modeTitles[mode]}, loaded`, colour: modeColours[mode], look: "line" },
      { label: `${modeTitles[mode]}, idle`, colour: modeColours[mode], look: "dashed" },
    ]),
  );

const values = (series: readonly LatencyPoint[]): number[] =>
  series.flatMap(({ p50Us, maxUs }) => [p50Us, maxUs].filter((us) => us !== null));

/**
 * Draws a pod's round trips over time: the median of each moment, with everything up to the slowest shaded.
 * The scale is logarithmic.
 */
export function latencyChart({ modes }: ScenarioResult, phase: PhaseShown, pod: string): Markup {
  const { name } = phase;
  const { x, ticks } = seconds(phase);
  const shown = Object.entries(modes) as [Mode, PhaseShown[]][];
  // All phases of a pod are on one scale, so that they can be compared.
  const range = decades(
    shown.flatMap(([, phases]) =>
      phases.flatMap((each) => values(each.latency[pod]?.series ?? [])),
    ),
  );
  const y = logScale(range.from, range.to, frame.bottom, frame.top);
  const p50 = (series: readonly LatencyPoint[]): (Point | null)[] =>
    series.map(({ atMs, p50Us }) => (p50Us === null ? null : { x: x(atMs), y: y(p50Us) }));
  const seriesOf = (phases: readonly PhaseShown[], which: (each: PhaseShown) => boolean) =>
    phases.find((each) => which(each) && each.latency[pod] !== undefined)?.latency[pod]?.series ??
    [];
  return plot(
    `Round trips over time, ${pod}, ${name}`,
    { x, y },
    { x: ticks, y: decadeTicks(range) },
    shown.flatMap(([mode, phases]) => {
      const loaded = seriesOf(phases, (each) => each.name === name);
      return [
        spread(loaded, x, y, modeColours[mode]),
        line(p50(seriesOf(phases, isIdle)), modeColours[mode], true),
        line(p50(loaded), modeColours[mode]),
      ];
    }),
  );
}

/** Draws the area from the median to the slowest. */
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
  { label: "pods with a guarantee", colour: "steady", look: "area" },
  { label: "the others, on top of them", colour: "noisy", look: "area" },
  { label: "guaranteed to those that send", colour: "promise", look: "dashed" },
  { label: "capacity", colour: "noisy-line", look: "dashed" },
]);

/** The sum of rates at each moment; loads of one phase have the same moments. */
function summed(loads: readonly LoadShown[]): { atMs: number; bits: number }[] {
  const [first, ...rest] = loads;
  return (first?.series ?? []).map(({ atMs, bits }, at) => ({
    atMs,
    bits: rest.reduce((sum, { series }) => sum + (series[at]?.bits ?? 0), bits),
  }));
}

const own = ({ loads }: PhaseShown, direction: Direction): LoadShown[] =>
  loads.filter((load) => load.direction === direction);

/** What the pods of some loads are guaranteed together; each pod counts once. */
const promisedBits = (loads: readonly LoadShown[]): number =>
  [...new Map(loads.map(({ pod, guaranteeBits }) => [pod, guaranteeBits ?? 0])).values()].reduce(
    (sum, bits) => sum + bits,
    0,
  );

/**
 * Draws what the pods of a phase got in a direction, one on top of the other, against the promise and the
 * capacity.
 */
export function throughputChart(
  { modes, wireBits, capacityBits }: ScenarioResult,
  mode: Mode,
  phase: PhaseShown,
  direction: Direction,
): Markup {
  const { x, ticks } = seconds(phase);
  const found = own(phase, direction);
  const everywhere = Object.values(modes).flatMap((phases) =>
    phases
      .filter(({ name }) => name === phase.name)
      .flatMap((each) => summed(own(each, direction))),
  );
  const top = Math.max(wireBits, ...everywhere.map(({ bits }) => bits)) * 1.05;
  const y = linearScale(0, top, frame.bottom, frame.top);
  const all = summed(found);
  const guaranteed = summed(found.filter(({ guaranteeBits }) => guaranteeBits !== null));
  const curve = (bits: (at: number) => number): Point[] =>
    all.map(({ atMs }, at) => ({ x: x(atMs), y: y(bits(at)) }));
  const floor = curve(() => 0);
  const promised = curve((at) => guaranteed[at]?.bits ?? 0);
  const both = curve((at) => all[at]?.bits ?? 0);
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
    `Throughput over time, ${phase.name}, ${direction}, ${modeTitles[mode]}, Mbit/s`,
    { x, y },
    {
      x: ticks,
      y: linearTicks(top / 1e6).map((value) => ({ value: value * 1e6, label: String(value) })),
    },
    [
      area(both, promised, "noisy", 0.75),
      area(promised, floor, "steady", 0.35),
      line(both, "noisy-line"),
      line(promised, "steady"),
      level(capacityBits, "noisy-line"),
      level(promisedBits(found), "promise"),
    ],
  );
}
