/**
 * The operator's tool is `fairway COMMAND`. Its exit codes are 0 (done), 1 (failed), 2 (wrong usage) and 3
 * (drift found).
 */
import { Command, CommanderError } from "commander";
import { kubectlPluginName } from "../config/plugin-name.ts";
import { adoptCommand } from "./adopt/command.ts";
import { agentCommand } from "./agent/command.ts";
import { completionCommand } from "./completion/command.ts";
import { doctorCommand } from "./doctor/command.ts";
import { explainCommand } from "./explain.ts";
import { gcCommand } from "./gc/command.ts";
import { installCommand } from "./install/command.ts";
import { ipamCommand } from "./ipam/command.ts";
import { kubectlCommand, kubectlMain } from "./kubectl/command.ts";
import { loadModulesCommand } from "./load-modules.ts";
import { proveCommand } from "./prove.ts";
import { repairCommand } from "./repair.ts";
import { runProgram } from "./run-program.ts";
import { setCommand } from "./set/command.ts";
import { setCapacityCommand } from "./set-capacity/command.ts";
import { statusCommand, topCommand } from "./status/command.ts";
import { uiCommand } from "./ui.ts";
import { uninstallCommand } from "./uninstall/command.ts";
import { description, versionAndBuild } from "./version.ts";
import { versionCommand } from "./version-command.ts";
import { webhookCommand } from "./webhook.ts";

/** The text is large, and is loaded for nothing else. */
function printNotices(): never {
  const { notices } = require("./notices.ts") as typeof import("./notices.ts");
  // Whoever reads it may stop before its end.
  process.stdout.on("error", () => {});
  process.stdout.write(notices);
  throw new CommanderError(0, "fairway.licenses", "");
}

export function program(): Command {
  const root = new Command("fairway")
    .description(description)
    .version(versionAndBuild)
    .option("--licenses", "what of others is in this program, with its licences")
    .on("option:licenses", printNotices)
    .exitOverride();
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
    adoptCommand(),
    loadModulesCommand(),
    ipamCommand(),
    agentCommand(),
    uiCommand(),
    webhookCommand(),
    kubectlCommand(),
    proveCommand(),
    versionCommand(),
    completionCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  return root;
}

/** `name` is the one that the executable was started by. */
export const operatorMain = (name: string, args: string[]): Promise<number> =>
  name === kubectlPluginName ? kubectlMain(args) : runProgram("fairway", program(), args);
