/** The built binary: what the tests of the whole plugin run. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dir, "../..");
export const binary = process.env.FAIRWAY_BINARY ?? join(repository, "dist/fairway");

if (!existsSync(binary)) throw new Error(`${binary} is not built: run scripts/build`);
