import { readFileSync } from "node:fs";

/** As uname -r. */
export function kernelRelease(): string {
  return readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
}
