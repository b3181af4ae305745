import { Command, InvalidArgumentError, Option } from "commander";
import { messageOf } from "../../errors.ts";
import { exitCodes } from "../exit-codes.ts";
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

/** `fairway prove`; what it needs is loaded when it runs. */
export function proveCommand(): Command {
  return (
    new Command("prove")
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
      .addHelpText(
        "after",
        "\nExit codes: 0 the promises were kept; 1 they were not, or the run is inconclusive; 2 usage.",
      )
      // Not inherited by a command that is added: without it a wrong option would end with 1.
      .exitOverride()
      .action(async (options: ProveOptions) => {
        const { runProve } = await import("./main.ts");
        process.exitCode =
          (await runProve(options)) === "passed" ? exitCodes.done : exitCodes.failed;
      })
  );
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
