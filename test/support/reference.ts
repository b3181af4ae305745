/** The reference plugins, built by scripts/test where Go is there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./binary.ts";

export const toolsFolder = join(repository, "dist/test-tools");

export function hasReference(...plugins: string[]): boolean {
  return plugins.every((plugin) => existsSync(join(toolsFolder, plugin)));
}
