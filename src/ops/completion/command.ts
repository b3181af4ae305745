/** `fairway completion SHELL` prints what the shell reads to complete fairway's commands and options. */
import { Argument, Command } from "commander";
import type { Shell } from "./scripts.ts";

/** `Shell` keeps them to those that there is a writer for. */
const shells: readonly Shell[] = ["bash", "zsh", "fish"];

export function completionCommand(): Command {
  return new Command("completion")
    .exitOverride()
    .description("what a shell reads to complete these commands: source <(fairway completion bash)")
    .addArgument(new Argument("<SHELL>", "which shell").choices(shells))
    .action(async (shell: Shell, _options: unknown, command: Command) => {
      const { completionScript } = await import("./scripts.ts");
      const { treeOf } = await import("./tree.ts");
      // Whoever reads it may stop before its end.
      process.stdout.on("error", () => {});
      process.stdout.write(completionScript(shell, treeOf(command.parent ?? command)));
    });
}
