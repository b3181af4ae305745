/** docs/engineering/benchmarks.md, from the figures. Pure. */
import type { Environment } from "../../src/prove/engine/result.ts";
import { type Bound, bounds, type Wanted } from "./comparisons.ts";
import { boundedOf, type Compared, compare, comparisonsOf, judge } from "./judge.ts";
import { number, table } from "./markdown.ts";
import { ownTableOf } from "./own-tables.ts";
import type { Part } from "./part.ts";
import { parts } from "./parts/index.ts";
import type { BenchResult, PartRun, Series, Unit } from "./result.ts";
import { type Estimate, spread } from "./statistics.ts";

const ratio = (value: number): string => `${value.toFixed(2)}x`;
const interval = ({ from, to }: Estimate): string => `${from.toFixed(2)}-${to.toFixed(2)}`;

function wantedText({ kind, ratio: bound, stretch, intervalCounts }: Wanted): string {
  const sign = kind === "atMost" ? "<=" : ">=";
  const more = stretch === undefined ? "" : `; stretch ${sign} ${stretch}x`;
  return `${sign} ${bound}x${intervalCounts ? " (the interval allowed for)" : ""}${more}`;
}

function verdictText({ comparison: { wanted }, ratio: found }: Compared): string {
  if (wanted === null) return "";
  return {
    stretch: "reached, the stretch too",
    reached: "reached",
    "not reached": `**not reached** (${ratio(found.value)})`,
  }[judge(wanted, found)];
}

function environmentTable(environment: Environment): string {
  const { cores, processor, memoryBytes, kernel, congestionControl, versions } = environment;
  return table(
    ["the machine", ""],
    [
      ["processors", `${cores} x ${processor}`],
      ["memory", `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
      ["kernel", kernel],
      ["TCP congestion control", congestionControl],
      ...versions.map(({ name, version }) => [name, version]),
    ],
  );
}

const sumOf = ({ values }: Series): number => values.reduce((sum, each) => sum + each, 0);

function valueRow(series: Series): string[] {
  const { what, side, unit, values } = series;
  if (unit === "count") return [what, side, `${sumOf(series)} in all`, "", `${values.length}`];
  const { value, from, to } = spread(values);
  return [
    what,
    side,
    `${number(value, unit)} ${unit}`,
    `${number(from, unit)} - ${number(to, unit)}`,
    `${values.length}`,
  ];
}

/** Each series is told in the section that it belongs to. */
const isOfLog = ({ what }: Series): boolean => /^(ADD|CHECK|DEL): (?!memory)/.test(what);

function ratioTable(part: string, run: PartRun): string {
  const found = comparisonsOf(part, run);
  if (found.length === 0) return "";
  const rows = found.map((comparison) => {
    const { what, ours, theirs, wanted } = comparison;
    const head = [what, ours, theirs];
    const compared = compare(run, comparison);
    const asked = wanted === null ? "" : wantedText(wanted);
    if (compared === null) return [...head, "not measured", "", asked, ""];
    return [
      ...head,
      `**${ratio(compared.ratio.value)}** (${interval(compared.ratio)})`,
      `${ratio(compared.pairs.value)} (${interval(compared.pairs)})`,
      asked,
      verdictText(compared),
    ];
  });
  return table(
    ["", "this", "beside", "ratio of medians (95%)", "of pairs (quartiles)", "wanted", ""],
    rows,
  );
}

const ofWords: Record<Bound["of"], string> = {
  sum: "in all",
  median: "median",
  largest: "at most",
};

const amount = (value: number, unit: Unit): string =>
  unit === "count" ? number(value, unit) : `${number(value, unit)} ${unit}`;

function boundLines(part: string, run: PartRun): string[] {
  return boundedOf(part, run)
    .filter(({ isKept }) => !isKept)
    .map(({ bound: { what, side, of, atMost }, unit, found }) => {
      const [wanted, got] = [amount(atMost, unit), amount(found, unit)];
      return `- **not reached**: ${side}: ${what}: ${got} (${ofWords[of]}); ${wanted} was wanted.`;
    });
}

function logSection({ series }: PartRun): string[] {
  const logged = series.filter(isOfLog);
  if (logged.length === 0) return [];
  return [
    "Where the time goes. `inside the verb` is the `durationMs` of the same verbs' log lines: the rest of a verb's time is the runtime's start before it, and the log line and the end of the process after it. The stages within are of ten more verbs each, traced (`FAIRWAY_TRACE=1`), which takes longer.",
    table(["", "side", "median", "quartiles", "n"], logged.map(valueRow)),
  ];
}

function runSection(part: Part, run: PartRun, index: number, of: number): string[] {
  const date = `${new Date(run.startedAtMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const ownTable = ownTableOf(part.id, run);
  const which = of === 1 ? "" : `Run ${index + 1} of ${of}. `;
  return [
    `${which}${date}, ${run.tookSeconds.toFixed(0)} s, build ${run.build}.`,
    ...(run.notes.length === 0 ? [] : [run.notes.map((note) => `- ${note}`).join("\n")]),
    ...boundLines(part.id, run),
    ...(ownTable !== null
      ? [ownTable]
      : [
          ratioTable(part.id, run),
          table(
            ["", "side", "median", "quartiles", "n"],
            run.series.filter((s) => !isOfLog(s)).map(valueRow),
          ),
          ...logSection(run),
        ]),
  ].filter((text) => text !== "");
}

function partSection(part: Part, runs: readonly PartRun[]): string[] {
  const head = [`## (${part.id}) ${part.title}`, part.method];
  if (runs.length === 0) return [...head, "Not measured."];
  return [...head, ...runs.flatMap((run, i) => runSection(part, run, i, runs.length))];
}

/** What has a bound of its own, not beside another. */
function boundRows(result: BenchResult): string[][] {
  return bounds.flatMap((bound) => {
    const { part, what, side, of, atMost } = bound;
    const found = (result.parts[part] ?? []).flatMap((run) =>
      boundedOf(part, run).filter((each) => each.bound === bound),
    );
    if (found[0] === undefined) return [];
    const texts = found.map((each) => amount(each.found, each.unit));
    return [
      [
        part,
        `${what}: ${side} (${ofWords[of]})`,
        `<= ${amount(atMost, found[0].unit)}`,
        texts.join("; "),
        found.every(({ isKept }) => isKept) ? "reached" : "**not reached**",
      ],
    ];
  });
}

/** All that was wanted, in one table: each run's figure, none left out. */
function verdictTable(result: BenchResult): string {
  const rows = parts.flatMap(({ id }) => {
    const runs = result.parts[id] ?? [];
    const wanted = (runs[0] === undefined ? [] : comparisonsOf(id, runs[0])).filter(
      (c) => c.wanted !== null,
    );
    return wanted.map((comparison) => {
      const found = runs.map((run) => compare(run, comparison));
      const texts = found.map((each) =>
        each === null ? "not measured" : `${ratio(each.ratio.value)} (${interval(each.ratio)})`,
      );
      const verdicts = found.map((each) => (each === null ? "not measured" : verdictText(each)));
      const worst =
        verdicts.find((v) => v.startsWith("**")) ??
        verdicts.find((v) => v === "not measured") ??
        verdicts.find((v) => v === "reached") ??
        verdicts[0];
      const { what, ours, theirs } = comparison;
      return [
        id,
        `${what}: ${ours} beside ${theirs}`,
        comparison.wanted === null ? "" : wantedText(comparison.wanted),
        texts.join("; "),
        (worst ?? "").replace(/ \(.*\)$/, ""),
      ];
    });
  });
  return table(
    ["part", "", "wanted", "found, of each run (95%)", ""],
    [...rows, ...boundRows(result)],
  );
}

const intro = `# Benchmarks

Written by \`scripts/bench\`. Everything is measured on one machine, in network namespaces: nodes, a wire and a remote host for each side. The sides take turns, round by round, each round in another order, and every plugin is this program's own child, called as a runtime calls it: no tool in between. A chain's time is the sum of its plugins'.

- **The same work on both sides**: a limit of 400 Mbit/s in both directions for every pod (40 Gbit/s where packets are measured), masquerade where the other has it, the same subnet, MTU and default route. Fairway does some more: it keeps a pod to its own addresses, and writes a log line.
- **Ratios** are Fairway's figure by the other's: of the medians, with a 95% interval (bootstrap over rounds), and of each round's pair, with quartiles. Below 1 is better for times, above 1 for throughput.
- Every run that was made is told. What was wanted and is not reached says so.
- The reference plugins of 1.9.1 are told to masquerade through nftables; Debian's 1.1.1 knows iptables only. What it takes to start a process is in every figure, once for each plugin of a chain.`;

/** Figures that were not reached want a reason. */
const reasons = `Where the time of what is not reached goes: in the tables of stages below, and in [decision 20](decisions/0020-what-a-verb-leaves-out.md) for verbs, in [decision 21](decisions/0021-what-a-packet-pays.md) for packets. In short: a verb is a process whose runtime takes 6 ms to start and 3 to 5 to load the code, about what a compiled plugin needs for all of it, and its own code runs once, uncompiled; a packet pays for one queue that all pods share.`;

/** The whole page. */
export function renderPage(result: BenchResult): string {
  const { environment } = result;
  return `${[
    intro,
    environmentTable(environment),
    "## What was wanted",
    reasons,
    verdictTable(result),
    ...parts.flatMap((part) => partSection(part, result.parts[part.id] ?? [])),
  ].join("\n\n")}\n`;
}
