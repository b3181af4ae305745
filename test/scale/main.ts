/** `scripts/simulate-scheduler`: the same pods, placed by the real scheduler in each of the ways. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { usage } from "../../src/ops/usage.ts";
import { environment } from "../../src/prove/engine/environment.ts";
import type { Environment } from "../../src/prove/engine/result.ts";
import { inRounds } from "../bench/rounds.ts";
import { run } from "../cluster/run.ts";
import { kubernetesPart } from "../cluster/tools.ts";
import { repository } from "../support/binary.ts";
import { type Run, type ScaleResult, scalePage } from "./page.ts";
import { planOf } from "./plan.ts";
import { type Side, sides } from "./sides.ts";
import { simulate } from "./simulate.ts";

interface Options {
  nodes: number;
  pods?: number;
  share: number;
  seed: number;
  rounds: number;
  sides: readonly Side[];
  limit: number;
  out?: string;
  again?: true;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error("a whole number from 1 to 999999 is wanted");
}

function percentage(text: string): number {
  const value = wholeNumber(text);
  if (value <= 100) return value / 100;
  throw new Error("a whole number from 1 to 100 is wanted: more than the nodes have fits nowhere");
}

function sidesNamed(text: string): Side[] {
  return text.split(",").map((name) => {
    const side = sides.find(({ id }) => id === name);
    if (side !== undefined) return side;
    throw new Error(`there is no "${name}"; there are ${sides.map(({ id }) => id).join(", ")}`);
  });
}

async function described(): Promise<Environment> {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    version: string;
  };
  const { stdout } = await run(kubernetesPart("kubectl", "version", "--client", "-o", "json"));
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  const { versions, ...rest } = environment(version, "");
  const kubernetes = { name: "Kubernetes", version: clientVersion.gitVersion.replace(/^v/, "") };
  return { ...rest, versions: [kubernetes, ...versions.filter(({ name }) => name === "bun")] };
}

async function main(options: Options): Promise<void> {
  const { nodes, share, seed, rounds, limit, out } = options;
  const pods = options.pods ?? 5 * nodes;
  const plan = planOf({ nodes, pods, seed, share });
  const former =
    options.again && out !== undefined && existsSync(out)
      ? (JSON.parse(readFileSync(out, "utf8")) as ScaleResult).runs
      : [];
  const result: ScaleResult = { environment: await described(), runs: former };
  const { signal } = new AbortController();
  await inRounds(options.sides, { rounds, warmUps: 0, signal }, async (side) => {
    process.stderr.write(`== ${nodes} nodes, ${pods} pods, ${side.title}\n`);
    const startedAtMs = Date.now();
    const simulated = await simulate({
      ...{ plan, side, limitMs: limit * 60_000 },
      progress: (text) => process.stderr.write(`   ${text}\n`),
    });
    const { id, title } = side;
    const done: Run = { side: id, title, nodes, pods, seed, share, startedAtMs, ...simulated };
    result.runs.push(done);
    // After each: what comes later may fail.
    if (out !== undefined) writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  });
  process.stdout.write(scalePage(result));
  const wrong = result.runs.filter(
    ({ side, verdict }) =>
      side !== "without" && verdict.overfull.length + verdict.needless.length > 0,
  );
  for (const { title, verdict } of wrong)
    process.stderr.write(
      `${title}: ${verdict.overfull.length} times more than a node has, ${verdict.needless.length} refused for no reason: ${[...verdict.overfull, ...verdict.needless].slice(0, 10).join("; ")}\n`,
    );
  if (wrong.length > 0 || result.runs.some(({ isWhole }) => !isWhole)) process.exitCode = 1;
}

const command = new Command("scripts/simulate-scheduler")
  .description(
    "the real scheduler places pods on nodes that are objects, with and without bandwidth",
  )
  .option("--nodes <n>", "how many nodes", usage(wholeNumber), 1_000)
  .option("--pods <n>", "how many pods; else five for each node", usage(wholeNumber))
  .addOption(
    new Option("--share <percent>", "of what the nodes have, that pods ask for")
      .argParser(usage(percentage))
      .default(0.95, "95"),
  )
  .option("--seed <n>", "of the sizes, and of the order of pods", usage(wholeNumber), 1)
  .option("--rounds <n>", "how often each way", usage(wholeNumber), 1)
  .addOption(
    new Option("--sides <names>", `only these ways: ${sides.map(({ id }) => id).join(", ")}`)
      .argParser(usage(sidesNamed))
      .default(sides, "all"),
  )
  .option("--limit <minutes>", "for one run of one way", usage(wholeNumber), 12)
  .option("--out <file>", "write the figures to this file, as JSON")
  .option("--again", "keep the runs that are in --out: the table shows all of them")
  .action(main);
await command.parseAsync(process.argv.slice(2), { from: "user" });
