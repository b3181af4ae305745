/**
 * This is the program `fairway-prove`. `fairway prove` starts it, so it calls itself that in all that it
 * says.
 */
import { exitCodes } from "../ops/exit-codes.ts";
import { runProgram } from "../ops/run-program.ts";
import { proveCommand } from "./command.ts";

/** The hidden command that makes traffic in a namespace. */
async function traffic(args: string[]): Promise<number> {
  const { runTraffic } = await import("./traffic/index.ts");
  await runTraffic(args);
  return exitCodes.done;
}

export function proveMain(args: string[]): Promise<number> {
  if (args[0] === "traffic") return traffic(args.slice(1));
  return runProgram("fairway prove", proveCommand(), args);
}
