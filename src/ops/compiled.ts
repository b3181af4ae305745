import { join } from "node:path";

/**
 * Whether this program is one compiled file, whose entry lives in Bun's own file system. Otherwise it runs
 * from a checkout.
 */
export const isCompiled = Bun.main.startsWith("/$bunfs/");

/** How this program is started once more. */
export const ownCommand = (): string[] =>
  isCompiled
    ? [process.execPath]
    : [process.execPath, join(import.meta.dir, "../../bin/fairway.ts")];
