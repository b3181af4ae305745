/**
 * The conformance suite's page, and its seeded faults.
 *   bun scripts/conformance.ts              runs the suite, writes docs/engineering/conformance.md
 *   bun scripts/conformance.ts --page       writes the page from the record, runs nothing
 *   bun scripts/conformance.ts --faults [NAME...]  builds each fault, runs its rows, writes the record and the page
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fault, faults } from "../test/conformance/faults.ts";
import {
  type Record as Caught,
  gaps,
  pageOf,
  readRecord,
  recordFile,
} from "../test/conformance/page.ts";
import { rows } from "../test/conformance/rows/index.ts";
import type { Outcome } from "../test/conformance/suite.ts";

const root = join(import.meta.dir, "..");
const page = join(root, "docs/engineering/conformance.md");

function must(argv: string[], cwd: string): void {
  const done = Bun.spawnSync(argv, { cwd, stdout: "pipe", stderr: "pipe" });
  if (done.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${done.stderr}`);
}

/** A binary with the fault in it. */
function build({ file, old, new: broken }: Fault, folder: string): string {
  for (const part of ["THIRD-PARTY-NOTICES.txt", "bin", "src", "package.json", "tsconfig.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  if (source.split(old).length !== 2) throw new Error(`${file} has not once: ${old}`);
  writeFileSync(
    path,
    source.replace(old, () => broken),
  );
  const outfile = join(folder, "fairway");
  const flags = ["--compile", "--bytecode", "--minify", "--format=esm", "--target=bun-linux-x64"];
  must([process.execPath, "build", ...flags, "bin/fairway.ts", "--outfile", outfile], folder);
  return outfile;
}

/** In a process of its own: the rows' binary is chosen when it starts. */
async function run(binary: string | null, prefixes: readonly string[]): Promise<Outcome[]> {
  const child = Bun.spawn([process.execPath, join(root, "test/conformance/main.ts"), ...prefixes], {
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

async function runFault(fault: Fault): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-fault-"));
  try {
    mkdirSync(folder, { recursive: true });
    const outcomes = await run(build(fault, folder), fault.rows);
    return outcomes
      .filter(({ state }) => state === "unmet")
      .map(({ id }) => id)
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const save = (record: Caught): void => {
  const known = Object.entries(record)
    .filter(([name]) => name in faults)
    .sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(recordFile, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`);
};

async function runFaults(wanted: readonly string[]): Promise<void> {
  for (const [name, fault] of Object.entries(faults)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      const failed = await runFault(fault);
      save({ ...readRecord(), [name]: failed });
      console.error(`${name}: ${failed.length} rows failed`);
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
}

const [option, ...names] = process.argv.slice(2);
if (option === "--faults") await runFaults(names);
else if (option !== "--page") {
  const unmet = (await run(null, [])).filter(({ state }) => state !== "met");
  for (const { id, why } of unmet) console.error(`${id}: ${why}`);
  if (unmet.length > 0) process.exit(1);
}
const record = readRecord();
writeFileSync(page, pageOf(record));
const open = gaps(record);
for (const gap of open) console.error(gap);
console.error(`${rows.length} rows, ${Object.keys(faults).length} faults, ${open.length} gaps`);
if (option === "--faults" && open.length > 0) process.exitCode = 1;
