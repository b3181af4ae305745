import { expect, test } from "bun:test";
import type { Wanted } from "./comparisons.ts";
import { boundedOf, compare, comparisonsOf, judge } from "./judge.ts";
import { parseLog } from "./log-lines.ts";
import type { PartRun } from "./result.ts";
import { orderOf } from "./rounds.ts";
import { otherBuild, sideNames } from "./sides.ts";

const most: Wanted = { kind: "atMost", ratio: 0.8, stretch: 0.6 };
const least: Wanted = { kind: "atLeast", ratio: 1, intervalCounts: true };

test.each([
  ["at the bound", most, 0.8, 0.8, 0.8, "reached"],
  ["above it, though the interval is not", most, 0.81, 0.7, 0.9, "not reached"],
  ["at the stretch", most, 0.6, 0.5, 0.7, "stretch"],
  ["below, where the interval counts", least, 0.98, 0.95, 1.01, "reached"],
  ["below with all of the interval", least, 0.98, 0.95, 0.99, "not reached"],
  ["no number", most, Number.NaN, Number.NaN, Number.NaN, "not reached"],
] as const)("judge: %s", (_title, wanted, value, from, to, verdict) => {
  expect(judge(wanted, { value, from, to })).toBe(verdict);
});

const runOf = (series: PartRun["series"]): PartRun => ({
  startedAtMs: 0,
  tookSeconds: 1,
  build: "b",
  series,
  notes: [],
});
const add = (side: string, values: number[]) => ({
  what: "ADD",
  side,
  unit: "ms" as const,
  values,
});

test("what is not there is not measured; another build is set beside this one", () => {
  const own = add(sideNames.fairway, [10, 10]);
  const run = runOf([own, add(otherBuild(sideNames.fairway), [20, 20])]);
  const found = comparisonsOf("a", run);
  const besidePtp = found.find((c) => c.what === "ADD" && c.theirs === sideNames.ptp);
  const besideOther = found.find((c) => c.theirs === otherBuild(sideNames.fairway));
  if (besidePtp === undefined || besideOther === undefined) throw new Error("both are wanted");
  expect(compare(run, besidePtp)).toBeNull();
  expect(compare(run, besideOther)?.ratio.value).toBe(0.5);
});

test("orderOf: every side comes first and last in turn", () => {
  const rounds = [0, 1, 2, 3].map((round) => orderOf(["a", "b"], round).join(""));
  expect(rounds.toSorted()).toEqual(["ab", "ab", "ba", "ba"]);
});

test("parseLog: durations, a traced verb's stages before it, and no line that is none", () => {
  const lines = [
    { msg: "span", verb: "ADD", stage: "ledger", durationMs: 1 },
    { msg: "span", verb: "ADD", stage: "kernel", durationMs: 2 },
    { msg: "span", verb: "ADD", stage: "kernel", durationMs: 1 },
    { msg: "done", verb: "ADD", durationMs: 5 },
    { msg: "done", verb: "CHECK", durationMs: 2 },
  ].map((line) => JSON.stringify(line));
  expect(parseLog(["words", ...lines, '{"msg":"no verb"}', ""].join("\n"))).toEqual([
    {
      verb: "ADD",
      durationMs: 5,
      spans: [
        ["ledger", 1],
        ["kernel", 3],
      ],
    },
    { verb: "CHECK", durationMs: 2, spans: [] },
  ]);
});

test("another build of part i is judged, and is no row where nobody named one", () => {
  const [own, other] = [add(sideNames.fairway, [10, 10]), otherBuild(sideNames.fairway)];
  const theirsOf = (series: PartRun["series"]): string[] =>
    comparisonsOf("i", runOf(series))
      .filter(({ what, ours }) => what === "ADD" && ours === sideNames.fairway)
      .map(({ theirs, wanted }) => `${theirs}: ${wanted === null ? "told" : "judged"}`);
  expect(theirsOf([own])).toEqual([]);
  expect(theirsOf([own, add(other, [20, 20])])).toEqual([`${other}: judged`]);
});

test.each([
  ["all of a count", "b-250", "ADD, failures", "count", [0, 2, 1], 3, false],
  ["none", "b-250", "ADD, failures", "count", [0, 0, 0], 0, true],
  ["the median", "j-rest", "processor time while nothing happens", "%", [0.2, 0.25, 2], 0.25, true],
  ["the largest", "j-rest", "resident memory while nothing happens", "MiB", [90, 101], 101, false],
  [
    "no number",
    "j-rest",
    "processor time while nothing happens",
    "%",
    [Number.NaN],
    Number.NaN,
    false,
  ],
] as const)(
  "a bound of the values themselves: %s",
  (_title, part, what, unit, values, found, isKept) => {
    const run = runOf([{ what, side: sideNames.agent, unit, values: [...values] }]);
    expect(boundedOf(part, run)).toMatchObject([{ unit, found, isKept }]);
  },
);
