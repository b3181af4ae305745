/**
 * The operator's tool is `fairway COMMAND`. Its exit codes are 0 (done), 1 (failed), 2 (wrong usage) and 3
 * (drift found).
 */
import { Command } from "commander";
import { agentCommand } from "./agent/command.ts";
import { doctorCommand } from "./doctor/command.ts";
import { explainCommand } from "./explain.ts";
import { gcCommand } from "./gc/command.ts";
import { installCommand } from "./install/command.ts";
import { ipamCommand } from "./ipam/command.ts";
import { proveCommand } from "./prove.ts";
import { repairCommand } from "./repair.ts";
import { runProgram } from "./run-program.ts";
import { setCommand } from "./set/command.ts";
import { setCapacityCommand } from "./set-capacity/command.ts";
import { statusCommand, topCommand } from "./status/command.ts";
import { uninstallCommand } from "./uninstall/command.ts";
import { description, version } from "./version.ts";

export function program(): Command {
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
    agentCommand(),
    proveCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  return root;
}

export const operatorMain = (args: string[]): Promise<number> =>
  runProgram("fairway", program(), args);
