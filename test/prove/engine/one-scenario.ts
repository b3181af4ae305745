/** A program that runs the scenario which is given to it as JSON, and prints the result. */
import { prove } from "../../../src/prove/engine/run.ts";
import type { Scenario } from "../../../src/prove/engine/scenario.ts";

const [, , scenario = ""] = process.argv;

const result = await prove({
  scenarios: [JSON.parse(scenario) as Scenario],
  thorough: false,
  bandwidthPlugin: null,
  plugins: null,
  fairwayVersion: "test",
  progress: { step() {}, figures() {}, end() {} },
  signal: new AbortController().signal,
  done() {},
});
process.stdout.write(JSON.stringify(result));
