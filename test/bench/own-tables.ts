/** Tables of parts whose figures belong together otherwise than beside another side's. Pure. */
import { number, table } from "./markdown.ts";
import { driftNames } from "./parts/drift.ts";
import type { PartRun } from "./result.ts";
import { stages, untilHere, wholeAdd } from "./start/names.ts";
import { median, pairRatios, spread } from "./statistics.ts";

/** A start is cumulative: each stage with what it adds to the one before. */
function startTable({ series }: PartRun): string {
  const of = (name: string): number[] =>
    series.find((s) => s.what === untilHere && s.side === name)?.values ?? [];
  const whole = of(wholeAdd);
  const rows = stages.map(({ name, does }, i) => {
    const values = of(name);
    const before = of(stages[i - 1]?.name ?? "");
    const own =
      before.length === 0 ? values : values.map((v, at) => v - (before[at] ?? Number.NaN));
    const { value, from, to } = spread(own);
    return [
      name,
      does,
      `${number(median(values), "ms")} ms`,
      `${number(value, "ms")} ms`,
      `${number(from, "ms")} - ${number(to, "ms")}`,
      `${(100 * median(pairRatios(own, whole))).toFixed(0)}%`,
    ];
  });
  const { value, from, to } = spread(whole);
  const last = [
    "",
    `**${wholeAdd}**`,
    `${number(value, "ms")} ms`,
    "",
    `${number(from, "ms")} - ${number(to, "ms")}`,
    "100%",
  ];
  return table(
    ["stage", "what is done", "until here", "its own", "quartiles", "of an ADD"],
    [...rows, last],
  );
}

/** What is relied on, and how long it was otherwise. The names of its series end with the way (drift.ts). */
function driftTable({ series }: PartRun): string {
  const of = (what: string, side: string): number[] =>
    series.find((s) => s.what === what && s.side === side)?.values ?? [];
  const sides = series.filter((s) => s.what === driftNames.repaired).map(({ side }) => side);
  const rows = sides.map((side) => {
    const at = side.lastIndexOf(": ");
    const [noticed, repaired] = [of(driftNames.noticed, side), of(driftNames.repaired, side)];
    return [
      side.slice(0, at),
      side.slice(at + 2),
      `${number(median(noticed), "ms")} ms`,
      `${number(median(repaired), "ms")} ms`,
      `${number(Math.max(...repaired), "ms")} ms`,
      `${repaired.length}`,
    ];
  });
  return table(["relied on", "way", "noticed after", "repaired after", "at most", "n"], rows);
}

/** null means that the part has none. */
export function ownTableOf(part: string, run: PartRun): string | null {
  if (run.series.length === 0) return null;
  if (part === "start") return startTable(run);
  return part.startsWith("k-") ? driftTable(run) : null;
}
