/** Debian's Prometheus, which scripts/test has unpacked and nobody has installed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./binary.ts";

const folder = join(repository, "dist/test-tools/debian/usr/bin");

function tool(name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`there is no ${path}: scripts/test unpacks it`);
  return path;
}

export const promtool = (): string => tool("promtool");
export const prometheus = (): string => tool("prometheus");
