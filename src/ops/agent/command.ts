/** `fairway agent` is one process that serves the verbs of this node. */
import { Command, Option } from "commander";
import { defaultSocket } from "../../agent/protocol.ts";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { asUsage } from "../command-line.ts";
import { usualPlaces } from "../install/places.ts";
import { compileEarly } from "./compile-early.ts";

interface AgentCommandOptions {
  socket: string;
  dataDir: string;
  confDir: string;
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
    .option(
      "--conf-dir <DIR>",
      "where the runtime reads its network: what all pods share is made before the first comes",
      usualPlaces.confDir,
    )
    .addOption(
      new Option("--repair <WHAT>", "what is done about drift: it is put back, or only told")
        .choices(["repair", "observe"])
        .default("repair"),
    )
    .action(async (options: AgentCommandOptions, command: Command) => {
      const given = asUsage(command, () => ({
        socket: parsePath(options.socket, "--socket"),
        dataDir: parsePath(options.dataDir, "--data-dir"),
        confDir: parsePath(options.confDir, "--conf-dir"),
        repair: options.repair,
      }));
      compileEarly();
      // No other command needs the verbs.
      const { runAgent } = await import("../../agent/agent.ts");
      await runAgent(given);
    });
}
