/**
 * The conformance suite's page, and its seeded faults.
 *   bun scripts/conformance.ts              runs the suite by both ways, writes docs/engineering/conformance.md
 *   bun scripts/conformance.ts --page       writes the page from the record, runs nothing
 *   bun scripts/conformance.ts --faults [NAME...]  builds each fault, runs its rows by both ways, or its tests,
 *                                           writes the record and the page
 */
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sameAnswers } from "../test/conformance/answers.ts";
import { deaf, type Fault, faults } from "../test/conformance/faults.ts";
import { designsOf, isAsDesigned } from "../test/conformance/left.ts";
import { gaps, pageOf } from "../test/conformance/page.ts";
import { type PartFault, partFaults } from "../test/conformance/part-faults.ts";
import { readRecord, type Went, writeRecord } from "../test/conformance/record.ts";
import { rows } from "../test/conformance/rows/index.ts";
import type { Outcome } from "../test/conformance/suite.ts";
import { type Way, ways } from "../test/conformance/ways.ts";
import { buildIn, must, otherBuild, otherSource } from "../test/support/other-build.ts";

const root = join(import.meta.dir, "..");
const page = join(root, "docs/engineering/conformance.md");

/** In a process of its own: the rows' binary is chosen when it starts. */
async function run(way: Way, binary: string | null, prefixes: readonly string[]) {
  const main = join(root, "test/conformance/main.ts");
  const child = Bun.spawn([process.execPath, main, way, ...prefixes], {
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, ...(binary === null ? {} : { FAIRWAY_BINARY: binary }) },
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("the suite did not end");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Outcome);
}

const unmetOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes
    .filter(({ state }) => state === "unmet")
    .map(({ id }) => id)
    .sort();

/** Both ways beside each other: most of it is waiting. */
async function runFault({ inAgent, rows: wanted, ...fault }: Fault) {
  const { folder, binary } = otherBuild([fault, deaf, ...(inAgent === undefined ? [] : [inAgent])]);
  try {
    const [oneShot, agent] = await Promise.all(ways.map((way) => run(way, binary, wanted)));
    return { "one-shot": unmetOf(oneShot ?? []), agent: unmetOf(agent ?? []) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The launchers of a copy, with what else the tests of the launcher want to see. */
function buildLaunchersIn(folder: string): void {
  const [tools, own] = [join(root, "dist/test-tools"), join(folder, "dist/test-tools")];
  mkdirSync(own, { recursive: true });
  for (const name of ["zig-0.17.0", "zig-cache", "debian"])
    symlinkSync(join(tools, name), join(own, name));
  for (const name of ["stand-in", "patient-arm64", "hasty-arm64"])
    cpSync(join(tools, `launcher-${name}`), join(own, `launcher-${name}`));
  for (const name of ["shipped", "patient", "hasty"])
    cpSync(join(tools, `launcher-${name}-sanitized`), join(own, `launcher-${name}-sanitized`));
  must(["scripts/build-launcher", "quick"], folder);
}

/** The tests that fail, by their titles. One that hangs fails, too. */
async function failingTests(folder: string, path: string, title: string, binary: string | null) {
  const pattern = title === "" ? [] : ["-t", title];
  const child = Bun.spawn([process.execPath, "test", "--timeout", "20000", ...pattern, path], {
    cwd: folder,
    stdout: "ignore",
    stderr: "pipe",
    env: { ...process.env, LC_ALL: "C", ...(binary === null ? {} : { FAIRWAY_BINARY: binary }) },
  });
  const text = await new Response(child.stderr).text();
  await child.exited;
  const titles = [...text.matchAll(/^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/gm)].map(([, name]) => name);
  return [...new Set(titles.filter((name) => name !== undefined))].map(
    (name) => `${path}: ${name}`,
  );
}

async function runPartFault({ by, ...fault }: PartFault): Promise<string[]> {
  if ("rows" in by) {
    const { folder, binary } = otherBuild([fault, deaf]);
    try {
      return unmetOf(await run("agent", binary, by.rows));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const parts = [
    "THIRD-PARTY-NOTICES.txt",
    "bin",
    "src",
    "test",
    "scripts",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
  ];
  const folder = otherSource(parts, [fault]);
  try {
    const isLauncher = fault.file.startsWith("src/launcher/");
    const binary = isLauncher ? null : buildIn(folder);
    if (isLauncher) {
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      buildLaunchersIn(folder);
    }
    return (await failingTests(folder, by.tests, by.title ?? "", binary)).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function guarded(name: string, act: () => Promise<string>): Promise<void> {
  try {
    console.error(`${name}: ${await act()}`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

/** What catches each fault must be the fault: without one, and with the sockets closed, nothing fails. */
async function runControl(): Promise<string> {
  const { folder, binary } = otherBuild([deaf]);
  try {
    const unmet = (await run("agent", binary, [])).filter(({ state }) => state !== "met");
    if (unmet.length > 0) throw new Error(unmet.map(({ id, why }) => `${id}: ${why}`).join("\n"));
    return "all rows pass";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runFaults(wanted: readonly string[]): Promise<void> {
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  if (isWanted("none")) await guarded("no fault, sockets closed", runControl);
  for (const [name, fault] of Object.entries(faults).filter(([each]) => isWanted(each)))
    await guarded(name, async () => {
      const caught = await runFault(fault);
      const before = readRecord();
      const known = Object.entries({ ...before.faults, [name]: caught });
      const there = known.filter(([each]) => each in faults);
      writeRecord({ ...before, faults: Object.fromEntries(there) });
      return ways.map((way) => `${caught[way].length} rows failed by ${way}`).join(", ");
    });
  for (const [name, fault] of Object.entries(partFaults).filter(([each]) => isWanted(each)))
    await guarded(name, async () => {
      const caught = await runPartFault(fault);
      const before = readRecord();
      const known = Object.entries({ ...before.parts, [name]: caught });
      const there = known.filter(([each]) => each in partFaults);
      writeRecord({ ...before, parts: Object.fromEntries(there) });
      return `${caught.length} rows or tests failed`;
    });
}

function wentOf(outcomes: readonly Outcome[]): Went {
  const left: Record<string, string[]> = {};
  for (const outcome of outcomes)
    for (const why of designsOf(outcome)) left[why] = [...(left[why] ?? []), outcome.id].sort();
  return {
    met: outcomes.filter(({ state }) => state === "met").length,
    served: outcomes.reduce((sum, { served }) => sum + served, 0),
    left: Object.fromEntries(Object.entries(left).sort(([a], [b]) => a.localeCompare(b))),
  };
}

/** Whether all is as it should be. */
async function runSuite(): Promise<boolean> {
  const [oneShot = [], agent = []] = [
    await run("one-shot", null, []),
    await run("agent", null, []),
  ];
  const answers = new Map(oneShot.map((outcome) => [outcome.id, outcome.answers]));
  const wrong = [
    ...[...oneShot, ...agent]
      .filter(({ state }) => state !== "met")
      .map(({ id, why }) => `${id}: ${why}`),
    ...agent
      .filter((outcome) => !sameAnswers(outcome.answers, answers.get(outcome.id) ?? []))
      .map(({ id }) => `${id}: the agent's answer is another one`),
    ...agent
      .filter((outcome) => !isAsDesigned(outcome))
      .map(({ id, fellBack }) => `${id}: not served by the agent: ${fellBack}`),
  ];
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) return false;
  writeRecord({
    ...readRecord(),
    ways: { "one-shot": wentOf(oneShot), agent: wentOf(agent) },
  });
  return true;
}

const [option, ...names] = process.argv.slice(2);
if (option === "--faults") await runFaults(names);
else if (option !== "--page" && !(await runSuite())) process.exit(1);
const record = readRecord();
writeFileSync(page, pageOf(record));
const open = gaps(record);
for (const gap of open) console.error(gap);
const count = Object.keys(faults).length + Object.keys(partFaults).length;
console.error(`${rows.length} rows, ${count} faults, ${open.length} gaps`);
if (option === "--faults" && open.length > 0) process.exitCode = 1;
