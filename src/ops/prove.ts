/**
 * `fairway prove` hands its arguments to a program of its own, which does the measuring. So no generator of
 * traffic is on a node that only runs pods. This works where that program lies beside this one.
 */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { FairwayError } from "../errors.ts";
import { isCompiled } from "./compiled.ts";
import { version } from "./version.ts";

const proverName = "fairway-prove";

/** @throws FairwayError unavailable */
function proverCommand(): [string, ...string[]] {
  if (!isCompiled) return [process.execPath, join(import.meta.dir, "../../bin/prove.ts")];
  const path = join(dirname(process.execPath), proverName);
  try {
    accessSync(path, constants.X_OK);
    return [path];
  } catch {
    throw new FairwayError(
      "unavailable",
      `fairway prove needs ${proverName}, and ${path} is not there`,
      `put the one of version ${version} there: in a checkout, scripts/build makes it, as dist/${proverName}`,
    );
  }
}

/** The user's own environment and terminal are handed over, and it is the user who ends it. */
async function prove(args: string[]): Promise<void> {
  const { execa } = await import("execa");
  // The other program cleans up and ends with the code that stands for the signal, so this one waits for it.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const [program, ...first] = proverCommand();
  const child = execa(program, [...first, ...args], {
    stdio: "inherit",
    reject: false,
    cleanup: false,
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  try {
    const { exitCode, shortMessage = "" } = await child;
    if (exitCode === undefined) throw new FairwayError("io", `${proverName}: ${shortMessage}`);
    process.exitCode = exitCode;
  } finally {
    for (const signal of signals) process.removeListener(signal, forward);
  }
}

export function proveCommand(): Command {
  return new Command("prove")
    .description(`measure Fairway against no QoS, in private network namespaces (${proverName})`)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument("[options...]", `as ${proverName} takes them: fairway prove --help`)
    .action((_: unknown, __: unknown, command: Command) => prove(command.args));
}
