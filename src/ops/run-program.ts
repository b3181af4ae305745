/** Runs a program of commander's, from its arguments to its exit code. */
import { type Command, CommanderError } from "commander";
import { FairwayError, messageOf } from "../errors.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * Error messages begin with `name`. The program has its `exitOverride` set, so that nothing ends the process.
 */
export async function runProgram(name: string, program: Command, args: string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const details =
      error instanceof FairwayError && error.details !== undefined ? `\n  ${error.details}` : "";
    process.stderr.write(`${name}: ${messageOf(error)}${details}\n`);
    return exitCodes.failed;
  }
}
