/**
 * Reports wrong usage of a command with exit code 2, so that it can be told apart from what the node refuses.
 */
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";

/** Throws the error for which `operatorMain` ends with 2. */
export function refuseUsage(command: Command, what: string, advice: string): never {
  command.error(`fairway: ${what}\n  ${advice}`, {
    exitCode: exitCodes.usage,
    code: "fairway.usage",
  });
}
