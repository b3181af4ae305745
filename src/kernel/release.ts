import { readFileSync } from "node:fs";

/** The release as uname -r prints it. */
export function kernelRelease(): string {
  return readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
}
