/**
 * A program that runs the scenario which is given to it as JSON, and prints the result. For what the
 * runner starts (pods' verbs, generators) it is Fairway itself, as `fairway prove` is.
 */
import { runMatrix } from "../../../../src/ops/prove/matrix/run.ts";
import type { Scenario } from "../../../../src/ops/prove/matrix/scenario.ts";

const [, , mark, scenario = ""] = process.argv;

if (mark === "one-scenario") {
  const result = await runMatrix({
    scenarios: [JSON.parse(scenario) as Scenario],
    thorough: false,
    bandwidthPlugin: null,
    plugins: null,
    fairwayVersion: "test",
    progress: { step() {}, end() {} },
    signal: new AbortController().signal,
    done() {},
  });
  process.stdout.write(JSON.stringify(result));
} else {
  await import("../../../../bin/fairway.ts");
}
