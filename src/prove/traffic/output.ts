import type { TrafficReport } from "./spec.ts";

/** Generators share a clock through the epoch; `performance.now()` alone starts anew in every process. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function report(line: TrafficReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Ends the process once all lines are with the reader, or at once where the reader is gone. */
export function finish(code: 0 | 1): void {
  process.stdout.write("", () => process.exit(code));
}
