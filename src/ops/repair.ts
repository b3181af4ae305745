/**
 * `fairway repair` brings the whole node to what the ledger says. With --rebuild it makes the ledger from
 * what there is.
 */
import { Command } from "commander";
import { repair, requireHeld } from "../node/reconcile/repair.ts";
import { wholeNode } from "./applicable.ts";
import { isGiven, refuseBoth, requireWith } from "./command-line.ts";
import {
  type CommonOptions,
  dataDirOf,
  readConfigFile,
  refuseLost,
  withCommonOptions,
  withWritableLedger,
} from "./context.ts";
import { defaultCacheDir } from "./libcni-cache.ts";
import { rebuild, rebuiltLines } from "./rebuild/rebuild.ts";

interface RepairOptions extends CommonOptions {
  rebuild?: boolean;
  cacheDir?: string;
  kernelOnly?: boolean;
}

function rebuilt(options: RepairOptions): string[] {
  const done = rebuild({
    dataDir: dataDirOf(options),
    cacheDir: options.kernelOnly === true ? null : (options.cacheDir ?? defaultCacheDir),
    config: options.config === undefined ? null : readConfigFile(options.config),
  });
  return rebuiltLines(done);
}

function repaired(options: RepairOptions): string[] {
  refuseLost(options);
  return withWritableLedger(options, (ledger) => {
    const done = repair(ledger);
    const lines = new Set(done.map((step) => `${step.op}: ${step.why}`));
    for (const line of lines) process.stdout.write(`${line}\n`);
    requireHeld(ledger, done);
    return lines.size === 0 ? ["nothing to do"] : [];
  });
}

export function repairCommand(): Command {
  return withCommonOptions(new Command("repair"), {
    ...wholeNode,
    // The folder may be lost together with the ledger.
    needs: (command) => (isGiven(command, "rebuild") ? "nothing" : "folder"),
  })
    .description("put back what is missing or altered, remove leftovers of our own")
    .option(
      "--rebuild",
      "make a damaged or lost ledger anew, from the kernel and the runtime's records; the kernel is not touched",
    )
    .option(
      "--cache-dir <DIR>",
      `with --rebuild: where the runtime keeps results (default: ${defaultCacheDir})`,
    )
    .option("--kernel-only", "with --rebuild: from the kernel alone")
    .action((options: RepairOptions, command: Command) => {
      requireWith(command, ["cacheDir", "kernelOnly"], "rebuild");
      refuseBoth(command, "cacheDir", "kernelOnly", "the kernel alone is asked then");
      const lines = options.rebuild === true ? rebuilt(options) : repaired(options);
      for (const line of lines) process.stdout.write(`${line}\n`);
    });
}
