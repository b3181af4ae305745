import { Command, Option } from "commander";
import { FairwayError, messageOf } from "../errors.ts";
import { exitCodes } from "../ops/exit-codes.ts";
import { collect, usage } from "../ops/usage.ts";
import type { Verdict } from "./engine/result.ts";
import type { Scenario } from "./engine/scenario.ts";
import { defaults, neighbour, parseSeconds, parseWire } from "./scenarios/neighbour.ts";

/** The options as commander hands them over. */
interface Options {
  /** Bits per second. */
  wire: number;
  /** Seconds. */
  duration: number;
  json?: true;
  html?: string;
  plot?: string;
  list?: true;
  all?: true;
  scenario?: string[];
  thorough?: true;
  markdown?: string;
  bandwidthPlugin?: string;
  plugins?: string;
}

/** What measures is loaded only when it runs. */
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
    .option("--plot <file>", "also write the first plot, latency over time, as an SVG")
    .option("--list", "print the scenarios, and measure nothing")
    .option("--all", "run all scenarios, one after the other, with a table at the end")
    .option("--scenario <name>", "run this one; may be given again", collect)
    .option("--thorough", "with --all or --scenario: more and longer repetitions")
    .option("--markdown <file>", "also write a page of documentation")
    .option("--bandwidth-plugin <file>", "also measure with the pods under this reference plugin")
    .option(
      "--plugins <dir>",
      "the folder of the reference plugins bridge, ptp and host-local: with --all also the scenarios of Fairway after them",
    )
    .addHelpText(
      "after",
      "\nWithout --all and --scenario it measures one promised pod beside one that takes all it can get, as --wire and --duration say.\nExit codes: 0 the promises were kept; 1 they were not, or the run is inconclusive; 2 usage.",
    )
    .exitOverride()
    .action(async (options: Options, command: Command) => {
      const verdict = await run(options, command);
      process.exitCode = verdict === "passed" ? exitCodes.done : exitCodes.failed;
    });
}

/** Some options are for the main job alone, and some for scenarios of the list alone. */
const mainOnly = ["wire", "duration"] as const;
const listedOnly = ["thorough", "plugins"] as const;

async function run(options: Options, command: Command): Promise<Verdict> {
  const { list, all, scenario: names } = options;
  const asked = [list && "--list", all && "--all", names && "--scenario"].filter(Boolean);
  if (asked.length > 1) command.error(`error: ${asked.join(" and ")} do not go together`);
  const [choice] = asked;
  for (const name of choice ? mainOnly : listedOnly) {
    if (command.getOptionValueSource(name) !== "cli") continue;
    command.error(
      choice
        ? `error: --${name} does not go with ${choice}`
        : `error: --${name} goes with --all or --scenario`,
    );
  }
  if (list) {
    refuseBesideList(command);
    await printList();
    return "passed";
  }
  const { runScenarios } = await import("./run.ts");
  return runScenarios({
    scenarios: await scenariosOf(options, command),
    thorough: options.thorough === true,
    json: options.json === true,
    html: options.html ?? null,
    plot: options.plot ?? null,
    markdown: options.markdown ?? null,
    bandwidthPlugin: options.bandwidthPlugin ?? null,
    plugins: options.plugins ?? null,
  });
}

/** --list measures nothing, so these options would have nothing to be about. */
function refuseBesideList(command: Command): void {
  const given = command.options.filter(
    (option) =>
      option.long !== "--list" && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (given.length === 0) return;
  command.error(`error: ${given.map(({ long }) => long).join(", ")}: --list measures nothing`);
}

async function printList(): Promise<void> {
  const { catalogue, chained } = await import("./scenarios/index.ts");
  const { renderList } = await import("./report/table.ts");
  process.stdout.write(renderList([...catalogue, ...chained]));
}

async function scenariosOf(
  { all, scenario: names, plugins, wire, duration }: Options,
  command: Command,
): Promise<readonly Scenario[]> {
  const { catalogue, chained, scenarioNamed } = await import("./scenarios/index.ts");
  if (all && plugins === undefined)
    process.stderr.write(
      `fairway prove: left out, since --plugins is not given: ${chained.map(({ name }) => name).join(", ")}\n`,
    );
  if (all) return plugins === undefined ? catalogue : [...catalogue, ...chained];
  if (names === undefined) return [neighbour(wire, duration)];
  return names.map((name) => {
    try {
      return scenarioNamed(name);
    } catch (error) {
      const details = error instanceof FairwayError ? `\n  ${error.details}` : "";
      return command.error(`error: ${messageOf(error)}${details}`);
    }
  });
}
