/** A clock that nobody sets: time since the node booted, suspended or not (CLOCK_BOOTTIME). */
import { readFileSync } from "node:fs";

/** To 10 ms, proc(5). node:os has it, too, and costs every verb its loading. */
export const upMsNow = (): number =>
  Math.round(Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000);
