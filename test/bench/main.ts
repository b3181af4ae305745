/** `scripts/bench`: measures the parts that are asked for, and writes the figures and the page. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { usage } from "../../src/ops/usage.ts";
import { bandwidthVersion } from "../../src/prove/engine/bandwidth.ts";
import { environment } from "../../src/prove/engine/environment.ts";
import type { Environment } from "../../src/prove/engine/result.ts";
import { run } from "../../src/prove/lab/run.ts";
import { interruptible, requireMeans } from "../../src/prove/means.ts";
import { runTraffic } from "../../src/prove/traffic/index.ts";
import { binary, repository } from "../support/binary.ts";
import { renderPage } from "./page.ts";
import type { Part } from "./part.ts";
import { parts, partsNamed } from "./parts/index.ts";
import { type BenchResult, type PartRun, Recorder } from "./result.ts";
import { type Builds, referenceFolder } from "./sides.ts";

interface Options {
  only?: Part[];
  rounds?: number;
  quick?: true;
  again?: true;
  binary?: string;
  out?: string;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error("a whole number from 1 to 9999 is wanted");
}

function existingFile(text: string): string {
  if (existsSync(text)) return resolve(text);
  throw new Error("there is no such file");
}

const buildOf = (file: string): string =>
  createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12);

function benchEnvironment({ reference }: Builds, congestionControl: string): Environment {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    version: string;
  };
  const known = environment(version, congestionControl);
  const nft = /v([\d.]+)/.exec(run(["nft", "--version"]).stdout)?.[1] ?? "unknown";
  const plugins = reference === null ? "none here" : bandwidthVersion(join(reference, "bandwidth"));
  return {
    ...known,
    versions: [
      ...known.versions,
      { name: "nftables", version: nft },
      { name: "reference plugins", version: plugins },
    ],
  };
}

/** Figures and page are the project's own only for a whole measurement of this build. */
function outputs({ quick, binary: other, out }: Options): { figures: string; page: string } {
  if (out !== undefined) return { figures: `${out}.json`, page: `${out}.md` };
  const dist = join(repository, "dist");
  const name = quick ? "bench-quick" : other === undefined ? null : "bench-compared";
  if (name !== null) return { figures: join(dist, `${name}.json`), page: join(dist, `${name}.md`) };
  return {
    figures: join(dist, "bench.json"),
    page: join(repository, "docs/engineering/benchmarks.md"),
  };
}

async function runPart(part: Part, builds: Builds, options: Options, signal: AbortSignal) {
  const quick = options.quick === true;
  const rounds = options.rounds ?? (quick ? part.quickRounds : part.rounds);
  const progress = (text: string): void => void process.stderr.write(`   ${text}\n`);
  process.stderr.write(`== ${part.id}: ${part.title}, ${rounds} rounds\n`);
  mkdirSync(join(repository, "dist"), { recursive: true });
  const scratch = mkdtempSync(join(repository, "dist/bench-scratch-"));
  const removeScratch = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once("exit", removeScratch);
  const recorder = new Recorder();
  const startedAtMs = Date.now();
  try {
    await part.run({ builds, scratch, rounds, quick, recorder, signal, progress });
  } finally {
    process.removeListener("exit", removeScratch);
    removeScratch();
  }
  const tookSeconds = (Date.now() - startedAtMs) / 1000;
  progress(`took ${tookSeconds.toFixed(0)} s`);
  const { series, notes } = recorder;
  return { startedAtMs, tookSeconds, build: buildOf(builds.binary), series, notes };
}

function readFigures(file: string): BenchResult | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as BenchResult) : null;
}

async function bench(options: Options): Promise<void> {
  requireMeans();
  const launcher = join(repository, "dist/fairway-launcher-x64");
  const builds = {
    binary,
    other: options.binary ?? null,
    reference: referenceFolder(),
    launcher: existsSync(launcher) ? launcher : null,
  };
  const { figures, page } = outputs(options);
  const cubic = run(["sysctl", "-n", "net.ipv4.tcp_allowed_congestion_control"]).stdout;
  const found = benchEnvironment(builds, cubic.split(/\s/).includes("cubic") ? "cubic" : "reno");
  const known = readFigures(figures)?.parts ?? {};
  for (const part of options.only ?? parts) {
    const done = await interruptible((signal) => runPart(part, builds, options, signal), "bench");
    const former: PartRun[] = options.again ? (known[part.id] ?? []) : [];
    known[part.id] = [...former, done];
    // After each part: what comes later may fail.
    const result: BenchResult = { environment: found, parts: known };
    writeFileSync(figures, `${JSON.stringify(result)}\n`);
    writeFileSync(page, renderPage(result));
  }
  process.stdout.write(`${page}\n${figures}\n`);
}

async function main(argv: string[]): Promise<void> {
  // The generators of traffic start this program again.
  if (argv[0] === "traffic") return runTraffic(argv.slice(1));
  const command = new Command("scripts/bench")
    .description("measure Fairway beside the reference plugins, in namespaces of its own (as root)")
    .option(
      "--only <parts>",
      `only these, by the beginnings of their names: ${parts.map(({ id }) => id).join(", ")}`,
      usage(partsNamed),
    )
    .option("--rounds <n>", "rounds of each part, instead of its own number", usage(wholeNumber))
    .option("--quick", "a little of everything, to see that it works; no figures")
    .option("--again", "keep the runs that are there: the page shows all of them")
    .option("--binary <file>", "another build of Fairway, beside this one", usage(existingFile))
    .option("--out <name>", "write NAME.json and NAME.md")
    .action(bench);
  await command.parseAsync(argv, { from: "user" });
}

await main(process.argv.slice(2));
