/** Names the two programs that a run starts: this one, for traffic, and the plugin, for pods' verbs. */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { isCompiled } from "../../ops/compiled.ts";

/** The root of the sources, where this runs from a checkout. */
const checkout = join(import.meta.dir, "../../..");

/** The argument vector that makes traffic (traffic/spec.ts) in the namespace that it is started in. */
export const trafficCommand = (): string[] =>
  isCompiled
    ? [process.execPath, "traffic"]
    : [process.execPath, join(checkout, "bin/prove.ts"), "traffic"];

/** The plugin lies beside this program, where scripts/build puts it. */
const pluginPath = (): string => join(dirname(process.execPath), "fairway");

/** The argument vector of the plugin that is proved. */
export const pluginCommand = (): string[] =>
  isCompiled ? [pluginPath()] : [process.execPath, join(checkout, "bin/fairway.ts")];

/** @throws FairwayError unavailable, before anything is measured. */
export function requirePlugin(): void {
  if (!isCompiled) return;
  try {
    accessSync(pluginPath(), constants.X_OK);
  } catch {
    throw new FairwayError(
      "unavailable",
      `the plugin that is to be proved is not there: ${pluginPath()}`,
      "fairway-prove measures the fairway in its own folder: put both into one",
    );
  }
}
