/** Pure: what came of a comparison in one run, and whether it is what was wanted. */
import { type Bound, bounds, type Comparison, comparisons, type Wanted } from "./comparisons.ts";
import type { PartRun, Series } from "./result.ts";
import { otherBuild } from "./sides.ts";
import { type Estimate, median, pairRatios, ratioOfMedians, spread } from "./statistics.ts";

export interface Compared {
  comparison: Comparison;
  /** Ratio of the medians, with its interval of 95%. */
  ratio: Estimate;
  /** The rounds' own ratios: median and quartiles. */
  pairs: Estimate;
}

function valuesOf({ series }: PartRun, what: string, side: string): number[] | null {
  return series.find((s) => s.what === what && s.side === side)?.values ?? null;
}

/** null: one of the two was not measured. */
export function compare(run: PartRun, comparison: Comparison): Compared | null {
  const { what, ours, theirs } = comparison;
  const [our, their] = [valuesOf(run, what, ours), valuesOf(run, what, theirs)];
  if (our === null || their === null) return null;
  return {
    comparison,
    ratio: ratioOfMedians(our, their),
    pairs: spread(pairRatios(our, their)),
  };
}

/** The builds of `--binary` beside each other: of every series that both have. */
function besideOtherBuild(part: string, series: readonly Series[]): Comparison[] {
  return series.flatMap(({ what, side }): Comparison[] => {
    // A count that ought to be 0 has no ratio.
    if (what.includes("failures") || what.startsWith("requests")) return [];
    const theirs = series.find((s) => s.what === what && isOtherOf(side, s.side));
    return theirs === undefined
      ? []
      : [{ part, what, ours: side, theirs: theirs.side, wanted: null }];
  });
}

/** "Fairway, 10 classes" and "Fairway, other build, 10 classes" differ in nothing but the build. */
const isOtherOf = (side: string, other: string): boolean =>
  side !== other && other.replace(otherBuild(""), "") === side;

/** Another build is beside ours only where somebody named one. */
const isOfOtherBuild = ({ theirs }: Comparison): boolean => theirs.includes(otherBuild(""));

export function comparisonsOf(part: string, { series }: PartRun): Comparison[] {
  const hasOther = series.some(({ side }) => side.includes(otherBuild("")));
  const known = comparisons.filter((c) => c.part === part && (hasOther || !isOfOtherBuild(c)));
  const isKnown = ({ what, ours, theirs }: Comparison): boolean =>
    known.some((c) => c.what === what && c.ours === ours && c.theirs === theirs);
  return [...known, ...besideOtherBuild(part, series).filter((c) => !isKnown(c))];
}

export interface Bounded {
  bound: Bound;
  unit: Series["unit"];
  found: number;
  isKept: boolean;
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

const foldedBy: Record<Bound["of"], (values: readonly number[]) => number> = {
  sum,
  median,
  largest: (values) => Math.max(...values),
};

/** What was measured of what has a bound. NaN keeps none. */
export function boundedOf(part: string, { series }: PartRun): Bounded[] {
  return bounds
    .filter((bound) => bound.part === part)
    .flatMap((bound) => {
      const of = series.find((s) => s.what === bound.what && s.side === bound.side);
      if (of === undefined || of.values.length === 0) return [];
      const found = foldedBy[bound.of](of.values);
      return [{ bound, unit: of.unit, found, isKept: found <= bound.atMost }];
    });
}

export type Verdict = "stretch" | "reached" | "not reached";

const meets = (kind: Wanted["kind"], value: number, bound: number): boolean =>
  kind === "atMost" ? value <= bound : value >= bound;

/** NaN meets nothing. */
export function judge({ kind, ratio, stretch, intervalCounts }: Wanted, found: Estimate): Verdict {
  if (stretch !== undefined && meets(kind, found.value, stretch)) return "stretch";
  const best = kind === "atMost" ? found.from : found.to;
  return meets(kind, intervalCounts ? best : found.value, ratio) ? "reached" : "not reached";
}
