/** A clock that nobody sets: time since the node booted, suspended or not (CLOCK_BOOTTIME). */
import { uptime } from "node:os";

export const upMsNow = (): number => Math.floor(uptime() * 1000);
