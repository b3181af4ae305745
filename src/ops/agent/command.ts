/** `fairway agent` is one process that serves the verbs of this node. */
import { Command } from "commander";
import { defaultSocket } from "../../agent/protocol.ts";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { asUsage } from "../command-line.ts";

interface AgentCommandOptions {
  socket: string;
  dataDir: string;
}

export function agentCommand(): Command {
  return new Command("agent")
    .exitOverride()
    .description("serve the verbs of this node in one process, until it is told to end (SIGTERM)")
    .option("--socket <PATH>", "where launchers reach it", defaultSocket)
    .option("--data-dir <DIR>", "the ledger that it opens before the first verb", defaults.dataDir)
    .action(async (options: AgentCommandOptions, command: Command) => {
      const given = asUsage(command, () => ({
        socket: parsePath(options.socket, "--socket"),
        dataDir: parsePath(options.dataDir, "--data-dir"),
      }));
      // No other command needs the verbs.
      const { runAgent } = await import("../../agent/agent.ts");
      await runAgent(given);
    });
}
