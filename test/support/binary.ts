/** The built binary: what the tests of the whole plugin run. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

export const repository = join(import.meta.dir, "../..");
export const binary = process.env.FAIRWAY_BINARY ?? join(repository, "dist/fairway");

if (!existsSync(binary)) throw new Error(`${binary} is not built: run scripts/build`);

const besideIt = join(dirname(binary), "fairway-prove");

/** What makes traffic (`fairway-prove traffic`): beside the plugin, or where the plugin is another build. */
export const prover = existsSync(besideIt) ? besideIt : join(repository, "dist/fairway-prove");
