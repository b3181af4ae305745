/**
 * A clock that nobody sets: the time since the node booted, including the time in which it was suspended
 * (CLOCK_BOOTTIME).
 */
import { readFileSync } from "node:fs";

/** The value is exact to 10 ms (proc(5)). node:os has it, too, but loading that costs time in every verb. */
export const upMsNow = (): number =>
  Math.round(Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000);
