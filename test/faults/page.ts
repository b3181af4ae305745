/** What scripts/test-faults found, as the sections of docs/engineering/reliability.md that it writes. */
import type { Fault } from "../../src/faults.ts";
import type { SoakResult } from "../soak/main.ts";
import type { LaunchedSweep } from "./launched-sweep-main.ts";
import type { ManyFigures } from "./many-main.ts";
import type { StormFigures } from "./storm-main.ts";
import type { Leaks } from "./support/fairway-chain.ts";
import type { LaunchedFigures } from "./support/launched-call.ts";
import type { Played } from "./support/play.ts";
import type { Scenario } from "./support/scenario.ts";
import type { SweepCounts } from "./support/sweep.ts";
import type { WeatherFigures } from "./support/weather.ts";
import type { SweepResult } from "./sweep-main.ts";

interface LaunchedSweeps extends Pick<LaunchedSweep, "counts" | "leaks" | "figures"> {
  seeds: number[];
}

const columns: { title: string; faults: Fault[] }[] = [
  { title: "killed", faults: ["kill-before", "kill-after"] },
  { title: "disk full", faults: ["full", "no-space"] },
  { title: "disk error", faults: ["io-error"] },
  { title: "locked", faults: ["busy"] },
  { title: "refused once", faults: ["refused"] },
  { title: "refused for good", faults: ["refused-for-good"] },
  { title: "no answer", faults: ["unanswered", "no-answer"] },
  { title: "not started", faults: ["no-process"] },
  { title: "ended by a signal", faults: ["signal"] },
  { title: "out of time", faults: ["timeout"] },
];

const row = (cells: (string | number)[]): string => `| ${cells.join(" | ")} |`;
const rule = (cells: number, first = 1): string =>
  `|${" --- |".repeat(first)}${" ---: |".repeat(cells - first)}`;

export const rowName = ({
  verb,
  title,
  isLaunched = false,
}: Pick<Scenario, "verb" | "title" | "isLaunched">): string =>
  `${isLaunched ? "agent: " : ""}${verb} | ${title}`;

type Outcome = Played["tries"][number]["outcome"];

const outcomes: { title: string; outcome: Outcome }[] = [
  { title: "undone", outcome: "undone" },
  { title: "made good", outcome: "recovered" },
  { title: "tolerated", outcome: "tolerated" },
];
/** What only a launcher brings about. */
const again = { title: "done by another process", outcome: "again" } as const;

/** Of the tries that a column is about: how many came out as they have to. */
function cell({ tries, failedFaults }: Played, faults: Fault[]): string {
  const good = tries.filter(({ fault }) => faults.includes(fault)).length;
  const bad = failedFaults.filter((fault) => faults.includes(fault)).length;
  return good + bad === 0 ? "" : bad === 0 ? String(good) : `**${good} of ${good + bad}**`;
}

export function faultTable(all: readonly Played[]): string {
  const isLaunched = all.some((played) => played.isLaunched);
  const came = isLaunched ? [...outcomes, again] : outcomes;
  const head = [
    "verb",
    "situation",
    "points",
    ...columns.map(({ title }) => title),
    ...came.map(({ title }) => title),
    "made good by",
  ];
  const rows = all.map((played) => {
    const points = Object.values(played.points).reduce((sum, n) => sum + n, 0);
    const count = (outcome: Outcome): number =>
      played.tries.filter((each) => each.outcome === outcome).length;
    return row([
      rowName(played),
      points,
      ...columns.map(({ faults }) => cell(played, faults)),
      ...came.map(({ outcome }) => count(outcome)),
      played.recovery,
    ]);
  });
  const sum = all.reduce((total, { tries }) => total + tries.length, 0);
  const failed = all.reduce((total, { failures }) => total + failures.length, 0);
  return [
    `${sum + failed} tries, ${failed === 0 ? "all" : sum} of them undone, made good${isLaunched ? ", done by another process" : ""} or tolerated.`,
    "",
    row(head),
    rule(head.length, 2),
    ...rows,
  ].join("\n");
}

type Part = Record<string, number | string[]>;

function sum(parts: readonly Part[]): Part {
  const total: Part = {};
  for (const part of parts)
    for (const [key, value] of Object.entries(part)) {
      const before = total[key];
      total[key] =
        typeof value === "number"
          ? value + (typeof before === "number" ? before : 0)
          : [...(Array.isArray(before) ? before : []), ...value];
    }
  return total;
}

/** Runs with a seed each, as one. */
export function mergedSweeps(pieces: readonly [SweepResult, ...SweepResult[]]): SweepResult {
  const chain = <T extends SweepResult["fairway"] | NonNullable<SweepResult["reference"]>>(
    parts: T[],
  ): T =>
    ({
      counts: sum(parts.map(({ counts }) => ({ ...counts }))),
      leaks: sum(parts.map(({ leaks }) => ({ ...leaks }))),
    }) as unknown as T;
  const references = pieces.flatMap(({ reference }) => (reference === null ? [] : [reference]));
  return {
    seeds: pieces.flatMap(({ seeds }) => seeds),
    fairway: chain(pieces.map(({ fairway }) => fairway)),
    reference: references.length === 0 ? null : chain(references),
  };
}

export function sweepTable({ fairway, reference, seeds }: SweepResult): string {
  const { counts, leaks } = fairway;
  const other = reference;
  const line = (what: string, own: number, theirs: number | undefined | null): string =>
    row([what, own, theirs === undefined || theirs === null ? "-" : theirs]);
  return [
    `${counts.rounds} rounds, 10 at a time, seeds ${seeds.join(", ")}; ${Math.round(counts.seconds)} s${other === null ? "" : `, the reference ${Math.round(other.counts.seconds)} s`}.`,
    "",
    row(["", "Fairway", "bridge + host-local + bandwidth"]),
    rule(3),
    line("ADDs killed", counts.addsKilled, other?.counts.addsKilled),
    line("DELs killed", counts.delsKilled, other?.counts.delsKilled),
    line("ended before the kill", counts.notKilled, other?.counts.notKilled),
    line("failed without being killed", counts.failures.length, other?.counts.failures.length),
    line("pods alive at a look", counts.alive, other?.counts.alive),
    line("an address that two pods had", counts.duplicates.length, other?.counts.duplicates.length),
    line("addresses leaked", leaks.addresses, other?.leaks.addresses),
    line("devices leaked", leaks.devices, other?.leaks.devices),
    line("classes leaked or missing", leaks.classes, null),
    line("map elements leaked or missing", leaks.elements, null),
    line("rows leaked or missing", leaks.rows, null),
    line("living pods about which CHECK or `explain` finds something", leaks.notWhole.length, null),
  ].join("\n");
}

/** The same, of sweeps through launcher and agent. */
export function mergedLaunched(pieces: readonly LaunchedSweep[]): LaunchedSweeps {
  const figures = pieces.map(({ figures: { fellBack, ...rest } }) => rest);
  return {
    seeds: pieces.map(({ seed }) => seed),
    counts: sum(pieces.map(({ counts }) => ({ ...counts }))) as unknown as SweepCounts,
    leaks: sum(pieces.map(({ leaks }) => ({ ...leaks }))) as unknown as Leaks,
    figures: {
      ...(sum(figures) as unknown as LaunchedFigures),
      fellBack: sum(pieces.map(({ figures: { fellBack } }) => fellBack)) as Record<string, number>,
    },
  };
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${what}: ${count}`)
    .join("; ") || "none";

/** By the word that the launcher says. */
const reasons: Record<string, string> = {
  declined: "the agent declined",
  "no-agent": "there was no agent",
  timeout: "nothing was heard for 200 ms",
  broken: "the connection broke",
};

function fellBackRows(fellBack: Record<string, number>): string[] {
  const others = Object.keys(fellBack).filter((reason) => !(reason in reasons));
  return [...Object.keys(reasons), ...others].map((reason) =>
    row([`by a process of their own, since ${reasons[reason] ?? reason}`, fellBack[reason] ?? 0]),
  );
}

export function launchedSweepTable({ counts, leaks, figures, seeds }: LaunchedSweeps): string {
  return [
    `${counts.rounds} rounds, 10 at a time, seeds ${seeds.join(", ")}; ${Math.round(counts.seconds)} s.`,
    "",
    row(["", ""]),
    rule(2),
    row(["agents killed, and started again", figures.agentsKilled]),
    row(["launchers killed", figures.launchersKilled]),
    row([
      "verbs of a process of their own killed",
      counts.addsKilled + counts.delsKilled - figures.launchersKilled,
    ]),
    row(["verbs done by an agent", figures.byAgent]),
    row(["verbs that were not asked of it", figures.alone]),
    ...fellBackRows(figures.fellBack),
    row(["ADDs that ended with code 11, since their agent had died", counts.addsLost]),
    row(["any other failure", counts.failures.length]),
    row(["pods alive at a look", counts.alive]),
    row(["an address that two pods had", counts.duplicates.length]),
    row(["addresses leaked", leaks.addresses]),
    row(["devices leaked", leaks.devices]),
    row(["classes leaked or missing", leaks.classes]),
    row(["map elements leaked or missing", leaks.elements]),
    row(["rows leaked or missing", leaks.rows]),
    row(["living pods about which CHECK or `explain` finds something", leaks.notWhole.length]),
  ].join("\n");
}

export function manyTable({ pods, failures, ...verbs }: ManyFigures): string {
  const both = [verbs.ADD, verbs.DEL];
  const fell = Object.keys(reasons).map((reason) =>
    row([
      `by a process of their own, since ${reasons[reason]}`,
      ...both.map(({ fellBack }) => fellBack[reason] ?? 0),
    ]),
  );
  return [
    `${failures.length} failed.`,
    "",
    row(["", `${pods} ADDs`, `${pods} DELs`]),
    rule(3),
    row(["done by the agent", ...both.map(({ byAgent }) => byAgent)]),
    ...fell,
    row(["for", ...both.map(({ seconds }) => `${seconds.toFixed(1)} s`)]),
    row(["the longest", ...both.map(({ longestMs }) => `${(longestMs / 1000).toFixed(1)} s`)]),
  ].join("\n");
}

function weatherRows(weather: WeatherFigures | null): string[] {
  if (weather === null) return [];
  return [
    row([
      "the agent",
      `killed: ${weather.killed}; stopped: ${weather.stopped}; upgraded, with the executables: ${weather.upgraded}`,
    ]),
    row(["from a stop until the watchdog killed it, at most", `${weather.longestStopMs} ms`]),
    row(["verbs done by an agent", weather.byAgent]),
    row(["verbs that were not asked of it", weather.alone]),
    ...fellBackRows(weather.fellBack),
    row(["ADDs that ended with code 11, since their agent had died", weather.addsLost]),
  ];
}

export function stormTable(storm: StormFigures): string {
  return [
    row(["", ""]),
    rule(2),
    row(["for", `${Math.round(storm.seconds)} s, seed ${storm.seed}`]),
    row(["succeeded", listed(storm.done)]),
    ...weatherRows(storm.weather),
    row(["refused as it has to be (100: no room, 11: try again)", listed(storm.refused)]),
    row(["any other failure", storm.failures.length]),
    row(["hung", storm.hung]),
    row(["the longest", `${Math.round(storm.longestMs)} ms`]),
    row(["alive at the end", storm.aliveAtEnd]),
    row(["ledger, kernel and model differ in", storm.disagreements.length]),
    ...(storm.weather === null
      ? [
          row([
            "20 DELs behind a lock that is never given back",
            `${storm.waitedInVain.filter((code) => code === 11).length} ended with code 11`,
          ]),
        ]
      : []),
  ].join("\n");
}

export function soakTable(soak: SoakResult): string {
  const { samples } = soak;
  const range = (of: (sample: SoakResult["samples"][number]) => number, unit = ""): string => {
    const values = samples.map(of);
    return `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))}${unit}`;
  };
  return [
    row(["", ""]),
    rule(2),
    row(["for", `${soak.minutes} minutes, ${samples.length} samples`]),
    row([
      "done",
      Object.entries(soak.done)
        .map(([what, n]) => `${what}: ${n}`)
        .join("; "),
    ]),
    row(["failed", soak.failures.length]),
    row(["looks at a promise for which there was demand", soak.judged]),
    row(["of these: below it for more than a fifth of the time", soak.below]),
    row(["rows of the ledger", range(({ rows }) => rows)]),
    row(["ledger with its log", range(({ ledgerBytes }) => ledgerBytes / 1024, " KiB")]),
    row(["open files of the machine", range(({ openFiles }) => openFiles)]),
    row(["SUnreclaim", range(({ slabBytes }) => slabBytes / 2 ** 20, " MiB")]),
  ].join("\n");
}

const marks = (name: string): [string, string] => [
  `<!-- ${name}: written by scripts/test-faults --record -->`,
  `<!-- end of ${name} -->`,
];

/** Throws where the page has no place for it. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = marks(name);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/engineering/reliability.md has no section ${name}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}
