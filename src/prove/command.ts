import { Command, InvalidArgumentError, Option } from "commander";
import { FairwayError, messageOf } from "../errors.ts";
import { exitCodes } from "../ops/exit-codes.ts";
import type { Scenario } from "./matrix/scenario.ts";
import type { Verdict } from "./result.ts";
import { defaults, parseSeconds, parseWire } from "./settings.ts";

/** As commander hands them over. */
export interface ProveOptions {
  /** Bits per second. */
  wire: number;
  /** Seconds. */
  duration: number;
  json?: true;
  html?: string;
}

interface MatrixChoice {
  list?: true;
  all?: true;
  scenario?: string[];
  thorough?: true;
  markdown?: string;
  bandwidthPlugin?: string;
  plugins?: string;
}

/** `fairway prove`; what it needs is loaded when it runs. */
export function proveCommand(): Command {
  return new Command("fairway prove")
    .description("measure Fairway against no QoS, in private network namespaces (as root)")
    .addOption(
      new Option("--wire <rate>", "the wire's rate, at least 200M")
        .argParser(usage(parseWire))
        .default(parseWire(defaults.wire), defaults.wire),
    )
    .addOption(
      new Option("--duration <seconds>", "of each of the ten measurements, 2 to 60")
        .argParser(usage(parseSeconds))
        .default(defaults.seconds),
    )
    .option("--json", "print the whole result as JSON instead of the table")
    .option("--html <file>", "also write a report with plots: one file that needs no network")
    .option("--list", "print the scenarios, and measure nothing")
    .option("--all", "run all scenarios, one after the other, with a table at the end")
    .option("--scenario <name>", "run this one; may be given again", collect)
    .option("--thorough", "with --all or --scenario: more and longer repetitions")
    .option("--markdown <file>", "with --all or --scenario: also write a page of documentation")
    .option(
      "--bandwidth-plugin <file>",
      "with --all or --scenario: also measure with the pods under this reference plugin",
    )
    .option(
      "--plugins <dir>",
      "the folder of the reference plugins bridge, ptp and host-local: with --all also the scenarios of Fairway after them",
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 the promises were kept; 1 they were not, or the run is inconclusive; 2 usage.",
    )
    .exitOverride()
    .action(async (options: ProveOptions & MatrixChoice, command: Command) => {
      const verdict = await run(options, command);
      process.exitCode = verdict === "passed" ? exitCodes.done : exitCodes.failed;
    });
}

const collect = (name: string, former: string[] = []): string[] => [...former, name];

/** Options of the main job alone, and of the matrix alone. */
const mainOnly = ["wire", "duration", "html"] as const;
const matrixOnly = ["thorough", "markdown", "bandwidthPlugin", "plugins"] as const;

/** The main job, unless scenarios are asked for. */
async function run(options: ProveOptions & MatrixChoice, command: Command): Promise<Verdict> {
  const { list, all, scenario: names } = options;
  const asked = [list && "--list", all && "--all", names && "--scenario"].filter(Boolean);
  if (asked.length > 1) command.error(`error: ${asked.join(" and ")} do not go together`);
  const [matrix] = asked;
  for (const name of matrix ? mainOnly : matrixOnly) {
    if (command.getOptionValueSource(name) !== "cli") continue;
    command.error(
      matrix
        ? `error: --${name} does not go with ${matrix}`
        : `error: --${name} goes with --all or --scenario`,
    );
  }
  if (matrix === undefined) {
    const { runProve } = await import("./main.ts");
    return runProve(options);
  }
  const { printList, runScenarios } = await import("./matrix/main.ts");
  if (list) {
    printList();
    return "passed";
  }
  const { catalogue, chained, scenarioNamed } = await import("./scenarios/index.ts");
  const named = (name: string): Scenario => {
    try {
      return scenarioNamed(name);
    } catch (error) {
      const details = error instanceof FairwayError ? `\n  ${error.details}` : "";
      return command.error(`error: ${messageOf(error)}${details}`);
    }
  };
  const plugins = options.plugins ?? null;
  if (all && plugins === null)
    process.stderr.write(
      `fairway prove: left out, since --plugins is not given: ${chained.map(({ name }) => name).join(", ")}\n`,
    );
  const whole = plugins === null ? catalogue : [...catalogue, ...chained];
  return runScenarios({
    scenarios: names === undefined ? whole : names.map(named),
    thorough: options.thorough === true,
    json: options.json === true,
    markdown: options.markdown ?? null,
    bandwidthPlugin: options.bandwidthPlugin ?? null,
    plugins,
  });
}

/** What a parser refuses is a matter of usage here. */
function usage<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}
