/** A program that runs the scenario which is given to it as JSON, and prints the result. */
import { runMatrix } from "../../../src/prove/matrix/run.ts";
import type { Scenario } from "../../../src/prove/matrix/scenario.ts";

const [, , scenario = ""] = process.argv;

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
