/**
 * Runs all scenarios of the matrix with the binary that is given, and counts them as tests. What is not
 * met is measured again, twice at the most: rates of a machine with other work are no defect of Fairway.
 * Times (latency, and how soon something is given back) are printed but fail nothing: a test asserts no
 * time. A scenario that the machine did not let be judged counts as neither passed nor failed; where that
 * is so of many, nothing was tested, which is a failure.
 */

import type { CheckResult, ProveResult, ScenarioResult } from "../src/prove/engine/result.ts";
import type { Figure } from "../src/prove/engine/scenario.ts";
import { catalogue } from "../src/prove/scenarios/index.ts";

const TRIES = 3;
/** The whole matrix takes eleven minutes; twice that is stuck. */
const RUN_LIMIT_MS = 22 * 60_000;
/** No further try after this. */
const RETRY_UNTIL_MS = 14 * 60_000;

const MOST_INCONCLUSIVE = 5;

const times: ReadonlySet<Figure["kind"]> = new Set(["slowdown", "givenBack", "withinBound"]);

const [, , binary = "dist/fairway-prove"] = process.argv;

function measure(names: readonly string[]): ScenarioResult[] {
  const asked = names.flatMap((name) => ["--scenario", name]);
  const child = Bun.spawnSync([binary, "--json", ...asked], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    timeout: RUN_LIMIT_MS,
  });
  try {
    return (JSON.parse(child.stdout.toString()) as ProveResult).scenarios;
  } catch {
    console.log(`fairway prove ended with ${child.exitCode} and no result`);
    return [];
  }
}

const judgedTime = (scenario: string, { what }: CheckResult): boolean =>
  catalogue
    .find(({ name }) => name === scenario)
    ?.checks.some((check) => check.what === what && times.has(check.figure.kind)) ?? false;

type Outcome = "passed" | "failed" | "inconclusive";

/** By what is no time. */
function outcome({ name, checks, verdict, error }: ScenarioResult): Outcome {
  if (verdict !== "failed") return verdict;
  const unmet = checks.filter(({ met, onlyShown }) => !met && onlyShown === null);
  return error === null && unmet.every((check) => judgedTime(name, check)) ? "passed" : "failed";
}

function print(result: ScenarioResult): void {
  const { name, verdict, checks, limits, error, tookSeconds } = result;
  console.log(`${verdict.padEnd(12)}  ${name}  (${tookSeconds.toFixed(0)} s)`);
  for (const { what, text, wanted, met, onlyShown } of checks) {
    const state = onlyShown !== null ? "shown" : met ? "met" : "NOT MET";
    console.log(`    ${state.padEnd(8)} ${what}: ${text} (${wanted})`);
  }
  for (const line of [...limits, ...(error === null ? [] : [error])]) console.log(`    ! ${line}`);
}

const startedMs = Date.now();
const outcomes = new Map<string, Outcome>();
let names = catalogue.map(({ name }) => name);
for (let tries = 0; tries < TRIES && names.length > 0; tries++) {
  if (tries > 0 && Date.now() - startedMs > RETRY_UNTIL_MS) break;
  if (tries > 0) console.log(`\nagain: ${names.join(", ")}`);
  for (const result of measure(names)) {
    print(result);
    // Times too are worth another look, as long as there is one.
    outcomes.set(result.name, outcome(result));
    if (result.verdict === "passed") names = names.filter((name) => name !== result.name);
  }
}

const count = (wanted: Outcome): number =>
  [...outcomes.values()].filter((each) => each === wanted).length;
const isUntold = count("inconclusive") > MOST_INCONCLUSIVE;
const failures = [
  ...catalogue.flatMap(({ name }) =>
    outcomes.get(name) === "passed" || outcomes.get(name) === "inconclusive" ? [] : [name],
  ),
  ...(isUntold
    ? [`${count("inconclusive")} scenarios inconclusive: this machine tells nothing`]
    : []),
];
const unmetTimes = names.filter((name) => outcomes.get(name) === "passed");
console.log("");
if (unmetTimes.length > 0)
  console.log(`times that were not met here, which fail nothing: ${unmetTimes.join(", ")}`);
if (count("inconclusive") > 0)
  console.log(
    `${count("inconclusive")} inconclusive, counted as neither: the machine was the limit`,
  );
if (failures.length > 0)
  console.log(["failures:", ...failures.map((f) => `(fail) ${f}`)].join("\n"));
console.log(`${count("passed")} passed, ${failures.length} failed, 0 skipped`);
process.exitCode = failures.length === 0 ? 0 : 1;
