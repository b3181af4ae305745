/**
 * `kubectl fairway`: what a cluster has promised and whether it is kept, with the rights that the user has there. The
 * same executable has it under the name kubectl-fairway, by which kubectl finds it, and as `fairway kubectl`.
 */
import { Command } from "commander";
import { runProgram } from "../run-program.ts";
import { versionAndBuild } from "../version.ts";
import { kubectlDoctorCommand } from "./doctor.ts";
import { kubectlExplainCommand } from "./explain.ts";
import { kubectlNodesCommand } from "./nodes.ts";
import { kubectlStatusCommand, kubectlTopCommand } from "./status.ts";
import { kubectlUiCommand } from "./ui.ts";

function withCommands(root: Command): Command {
  const commands = [
    kubectlStatusCommand(),
    kubectlTopCommand(),
    kubectlExplainCommand(),
    kubectlNodesCommand(),
    kubectlDoctorCommand(),
    kubectlUiCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  return root.exitOverride();
}

export const kubectlCommand = (): Command =>
  withCommands(
    new Command("kubectl").description(
      "what the nodes of a cluster have promised, with your own rights there (kubectl fairway)",
    ),
  );

const kubectlProgram = (): Command =>
  withCommands(new Command("kubectl fairway"))
    .description("what the nodes of a cluster have promised, and whether it is kept")
    .version(versionAndBuild);

export const kubectlMain = (args: string[]): Promise<number> =>
  runProgram("kubectl fairway", kubectlProgram(), args);
