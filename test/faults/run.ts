/**
 * All that scripts/test-faults runs, each in a process of its own: run.ts FOLDER [--record] [--only PART,PART].
 * Results go to the folder (--reuse: what is there already is not run again); the counts into its file `counts`: passed, failed, skipped. Recorded are
 * whole runs only, in docs/engineering/reliability.md.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { SoakResult } from "../soak/main.ts";
import { plot } from "../soak/plot.ts";
import { repository } from "../support/binary.ts";
import type { LaunchedSweep } from "./launched-sweep-main.ts";
import type { ManyFigures } from "./many-main.ts";
import {
  faultTable,
  launchedSweepTable,
  manyTable,
  mergedLaunched,
  mergedSweeps,
  rowName,
  soakTable,
  stormTable,
  sweepTable,
  withSection,
} from "./page.ts";
import { launchedScenarios, nameOf, scenarios } from "./scenarios/index.ts";
import type { StormFigures } from "./storm-main.ts";
import type { Played } from "./support/play.ts";
import type { Scenario } from "./support/scenario.ts";
import type { SweepResult } from "./sweep-main.ts";

const parts = [
  ...(["table", "agent-table", "sweep", "agent-sweep", "storm"] as const),
  ...(["agent-storm", "agent-many", "soak"] as const),
] as const;
type Part = (typeof parts)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: "boolean", default: false },
    only: { type: "string" },
    reuse: { type: "boolean", default: false },
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("which folder?");
const isRecorded = values.record;
const chosen = (values.only?.split(",") ?? [...parts]) as Part[];
for (const part of chosen) if (!parts.includes(part)) throw new Error(`there is no part ${part}`);

const pagePath = join(repository, "docs/engineering/reliability.md");
const counts = { passed: 0, failed: 0, skipped: 0 };

function tell(title: string, wrong: readonly string[], facts: string): void {
  counts[wrong.length === 0 ? "passed" : "failed"] += 1;
  console.log(`(${wrong.length === 0 ? "pass" : "fail"}) ${title}: ${facts}`);
  for (const each of wrong.slice(0, 20)) console.log(`  ${each}`);
}

async function result<T>(script: string, name: string, ...args: string[]): Promise<T | null> {
  const file = join(folder ?? "", `${name}.json`);
  if (values.reuse && existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
  const child = Bun.spawn([process.execPath, join(repository, "test", script), file, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const told = await new Response(child.stderr).text();
  if ((await child.exited) === 0) return JSON.parse(readFileSync(file, "utf8")) as T;
  tell(name, [told], "it could not be run to its end");
  return null;
}

function record(name: string, text: string): void {
  if (!isRecorded) return;
  writeFileSync(pagePath, withSection(readFileSync(pagePath, "utf8"), name, text));
}

/** With `options` for whoever plays them. Into the page's section. */
async function table(
  section: string,
  scenarios: readonly Scenario[],
  ...options: string[]
): Promise<void> {
  const found = new Map<string, Played>();
  const waiting = scenarios.map((scenario, index) => ({ scenario, index }));
  const fileOf = (index: number): string => `${section.replaceAll(" ", "-")}-${index}`;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const name = nameOf(next.scenario);
      const all = await result<Played[]>("faults/main.ts", fileOf(next.index), ...options, name);
      const played = all?.find((each) => nameOf(each) === name);
      if (played === undefined) continue;
      found.set(name, played);
      tell(
        name,
        played.failures,
        `${played.tries.length} tries as they have to be, ${played.seconds.toFixed(0)} s`,
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const all = scenarios.flatMap((scenario) => found.get(nameOf(scenario)) ?? []);
  record(section, faultTable(all));
  // How many points there are is the kernel's matter, too; which rows there are is not.
  const page = readFileSync(pagePath, "utf8");
  const missing = scenarios.filter((each) => !page.includes(`| ${rowName(each)} |`)).map(nameOf);
  const what = `docs/engineering/reliability.md has each row: ${section}`;
  tell(what, missing, `${scenarios.length} rows`);
}

async function sweep(): Promise<void> {
  const [pieces, rounds] = isRecorded ? [4, "250"] : [1, "60"];
  const done: SweepResult[] = [];
  for (let piece = 1; piece <= pieces; piece++) {
    const seed = String(Number(values.seed) + piece - 1);
    const one = await result<SweepResult>("faults/sweep-main.ts", `sweep-${piece}`, rounds, seed);
    if (one === null) return;
    done.push(one);
  }
  const [first, ...others] = done;
  if (first !== undefined) tellSweep(mergedSweeps([first, ...others]));
}

/** What must not be, of a sweep. */
const wrongOf = ({ counts: done, leaks }: SweepResult["fairway"]): string[] => [
  ...(["addresses", "devices", "classes", "elements", "rows"] as const)
    .filter((key) => leaks[key] > 0)
    .map((key) => `${leaks[key]} ${key}`),
  ...leaks.notWhole,
  ...done.duplicates,
  ...done.failures,
  ...(done.addsKilled + done.delsKilled === 0 ? ["nothing was killed"] : []),
];

function tellSweep(found: SweepResult): void {
  const { counts: done } = found.fairway;
  const killed = `${done.addsKilled} ADDs and ${done.delsKilled} DELs killed`;
  tell("kill sweep", wrongOf(found.fairway), `${done.rounds} rounds, ${killed}`);
  if (found.reference === null) {
    counts.skipped += 1;
    console.log("(skip) the sweep of the reference chain: needs Go");
  }
  record("kill sweep", sweepTable(found));
}

async function launchedSweep(): Promise<void> {
  const [pieces, rounds] = isRecorded ? [4, "250"] : [1, "60"];
  const done: LaunchedSweep[] = [];
  for (let piece = 1; piece <= pieces; piece++) {
    const seed = String(Number(values.seed) + piece - 1);
    const name = `agent-sweep-${piece}`;
    const one = await result<LaunchedSweep>("faults/launched-sweep-main.ts", name, rounds, seed);
    if (one === null) return;
    done.push(one);
  }
  const found = mergedLaunched(done);
  const { agentsKilled, byAgent } = found.figures;
  const wrong = [
    ...wrongOf(found),
    ...(agentsKilled === 0 ? ["no agent was killed"] : []),
    ...(byAgent === 0 ? ["no agent did anything"] : []),
  ];
  const facts = `${found.counts.rounds} rounds, ${agentsKilled} agents killed, ${byAgent} verbs by an agent`;
  tell("kill sweep through launcher and agent", wrong, facts);
  record("kill sweep through launcher and agent", launchedSweepTable(found));
}

async function storm(name: string, ...options: string[]): Promise<void> {
  const found = await result<StormFigures>(
    "faults/storm-main.ts",
    name.replaceAll(" ", "-"),
    isRecorded ? "120" : "20",
    values.seed,
    ...options,
  );
  if (found === null) return;
  const waited = found.waitedInVain.filter((code) => code !== 11);
  const wrong = [
    ...found.failures,
    ...found.disagreements,
    ...(found.hung > 0 ? [`${found.hung} hung`] : []),
    ...waited.map((code) => `behind a lock that is never given back one ended with ${code}`),
  ];
  const done = Object.values(found.done).reduce((sum, n) => sum + n, 0);
  const byAgent = found.weather === null ? "" : `, ${found.weather.byAgent} verbs by an agent`;
  tell(name, wrong, `${done} succeeded in ${Math.round(found.seconds)} s${byAgent}`);
  for (const each of found.toldToTryAgain) console.log(`  to try again: ${each.slice(0, 500)}`);
  record(name, stormTable(found));
}

async function many(): Promise<void> {
  const found = await result<ManyFigures>("faults/many-main.ts", "many", "500");
  if (found === null) return;
  const byAgent = found.ADD.byAgent + found.DEL.byAgent;
  const facts = `${found.pods} ADDs and then ${found.pods} DELs at once, ${byAgent} of them by an agent`;
  tell("many at once", found.failures, facts);
  record("many at once", manyTable(found));
}

async function soak(): Promise<void> {
  const found = await result<SoakResult>("soak/main.ts", "soak", values.minutes);
  if (found === null) return;
  tell(
    "soak",
    found.failures,
    `${found.minutes} minutes, a promise was kept at ${found.judged - found.below} of ${found.judged} looks`,
  );
  // The page has the long one, which is run by itself: scripts/soak 20 --record.
  const isForPage = isRecorded && chosen.length === 1;
  if (isForPage) record("soak", soakTable(found));
  const picture = join(
    isForPage ? join(repository, "docs/engineering") : (folder ?? ""),
    "soak.svg",
  );
  writeFileSync(picture, plot(found.samples));
}

const short = isRecorded ? [] : ["--short"];
/** Continuous integration has so much time and no more. */
const spared = process.env.CI === "true" && !isRecorded ? ["--spare-long"] : [];

const run: Record<Part, () => Promise<void>> = {
  table: () => table("table of faults", scenarios, ...spared),
  "agent-table": () => table("faults of an agent", launchedScenarios, ...short),
  sweep,
  "agent-sweep": launchedSweep,
  storm: () => storm("storm"),
  "agent-many": many,
  "agent-storm": () => storm("storm with an agent", "agent"),
  soak,
};
/** Beside the part before it: a kill sweep waits most of the time, and does not measure. */
const isBeside = (part: Part, index: number): boolean =>
  part === "agent-sweep" && chosen[index - 1] === "sweep";
let before = Promise.resolve();
for (const [index, part] of chosen.entries()) {
  const last = before;
  if (!isBeside(part, index)) await last;
  before = Promise.all([last, run[part]()]).then(() => undefined);
}
await before;
writeFileSync(join(folder, "counts"), `${counts.passed} ${counts.failed} ${counts.skipped}\n`);
