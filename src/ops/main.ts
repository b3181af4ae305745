/** The operator's tool: `fairway COMMAND`. Exit codes: 0 done, 1 failed, 2 usage, 3 drift found. */
import { Command, CommanderError } from "commander";
import { FairwayError, messageOf } from "../errors.ts";
import { doctorCommand } from "./doctor/command.ts";
import { exitCodes } from "./exit-codes.ts";
import { explainCommand } from "./explain.ts";
import { gcCommand } from "./gc.ts";
import { installCommand } from "./install/install.ts";
import { uninstallCommand } from "./install/uninstall.ts";
import { ipamCommand } from "./ipam/command.ts";
import { proveCommand } from "./prove/command.ts";
import { repairCommand } from "./repair.ts";
import { setCommand } from "./set.ts";
import { setCapacityCommand } from "./set-capacity.ts";
import { statusCommand, topCommand } from "./status/command.ts";
import { description, version } from "./version.ts";

function program(): Command {
  const root = new Command("fairway").description(description).version(version).exitOverride();
  const commands = [
    statusCommand(),
    topCommand(),
    explainCommand(),
    repairCommand(),
    gcCommand(),
    setCommand(),
    setCapacityCommand(),
    doctorCommand(),
    installCommand(),
    uninstallCommand(),
    ipamCommand(),
    proveCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  return root;
}

/** The hidden end of `prove`: traffic in a namespace. */
async function traffic(args: string[]): Promise<number> {
  const { runTraffic } = await import("./prove/traffic/index.ts");
  await runTraffic(args);
  return exitCodes.done;
}

export async function operatorMain(args: string[]): Promise<number> {
  if (args[0] === "traffic") return traffic(args.slice(1));
  try {
    await program().parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const details =
      error instanceof FairwayError && error.details !== undefined ? `\n  ${error.details}` : "";
    process.stderr.write(`fairway: ${messageOf(error)}${details}\n`);
    return exitCodes.failed;
  }
}
