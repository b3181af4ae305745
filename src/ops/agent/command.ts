/** `fairway agent` is one process that serves the verbs of this node. */
import { Command, Option } from "commander";
import { defaultSocket } from "../../agent/protocol.ts";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { asUsage } from "../command-line.ts";

interface AgentCommandOptions {
  socket: string;
  dataDir: string;
  repair: "observe" | "repair";
}

export function agentCommand(): Command {
  return new Command("agent")
    .exitOverride()
    .description(
      "serve the verbs of this node in one process and keep the node true, until told to end (SIGTERM)",
    )
    .option("--socket <PATH>", "where launchers reach it", defaultSocket)
    .option("--data-dir <DIR>", "the ledger that it opens before the first verb", defaults.dataDir)
    .addOption(
      new Option("--repair <WHAT>", "what is done about drift: it is put back, or only told")
        .choices(["repair", "observe"])
        .default("repair"),
    )
    .action(async (options: AgentCommandOptions, command: Command) => {
      const given = asUsage(command, () => ({
        socket: parsePath(options.socket, "--socket"),
        dataDir: parsePath(options.dataDir, "--data-dir"),
        repair: options.repair,
      }));
      // No other command needs the verbs.
      const { runAgent } = await import("../../agent/agent.ts");
      await runAgent(given);
    });
}
