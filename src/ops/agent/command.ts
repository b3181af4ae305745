/** `fairway agent` is one process that serves the verbs of this node. */
import { Command, Option } from "commander";
import { defaultSocket } from "../../agent/protocol.ts";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { parseDurationUs } from "../../config/quantities.ts";
import { asUsage } from "../command-line.ts";
import { usualPlaces } from "../install/places.ts";
import { usage } from "../usage.ts";
import { compileEarly } from "./compile-early.ts";

interface AgentCommandOptions {
  socket: string;
  dataDir: string;
  confDir: string;
  repair: "observe" | "repair";
  /** Milliseconds. */
  toolLimit: number;
}

/** Other verbs wait meanwhile, and a process of one verb gives a tool no more than the longest. */
const [shortestLimitMs, longestLimitMs] = [100, 20_000];

function parseToolLimit(text: string): number {
  const ms = parseDurationUs(text, "--tool-limit") / 1000;
  if (ms >= shortestLimitMs && ms <= longestLimitMs) return ms;
  throw new Error(`${text} is not from ${shortestLimitMs}ms to ${longestLimitMs / 1000}s`);
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
    .addOption(
      new Option("--tool-limit <TIME>", "how long a tool (nft) may take, for which others wait")
        .argParser(usage(parseToolLimit))
        .default(2_000, "2s"),
    )
    .action(async (options: AgentCommandOptions, command: Command) => {
      const given = asUsage(command, () => ({
        socket: parsePath(options.socket, "--socket"),
        dataDir: parsePath(options.dataDir, "--data-dir"),
        confDir: parsePath(options.confDir, "--conf-dir"),
        repair: options.repair,
        toolLimitMs: options.toolLimit,
      }));
      compileEarly();
      // No other command needs the verbs.
      const { runAgent } = await import("../../agent/agent.ts");
      await runAgent(given);
    });
}
