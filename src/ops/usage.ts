/** Wrong usage of a command: exit code 2, told apart from what the node refuses. */
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";

/** Throws what `operatorMain` ends with 2 for. */
export function refuseUsage(command: Command, what: string, advice: string): never {
  command.error(`fairway: ${what}\n  ${advice}`, {
    exitCode: exitCodes.usage,
    code: "fairway.usage",
  });
}
