import { readFileSync } from "node:fs";

/** The times of all processors together, in the kernel's ticks since boot. */
export interface ProcessorTimes {
  totalTicks: number;
  idleTicks: number;
}

/**
 * Reads the first line of /proc/stat: user nice system idle iowait irq softirq steal (proc_stat(5)). Guest
 * time is part of user time. What a hypervisor gave to others (steal) counts as busy.
 */
export function parseProcessorTimes(stat: string): ProcessorTimes {
  const [line = ""] = stat.split("\n", 1);
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, wait = 0] = ticks;
  return { totalTicks: ticks.reduce((sum, each) => sum + each, 0), idleTicks: idle + wait };
}

export function processorTimes(): ProcessorTimes {
  return parseProcessorTimes(readFileSync("/proc/stat", "utf8"));
}

/** The share from 0 to 1; it is 0 where no time has passed. */
export function shareBusy(before: ProcessorTimes, after: ProcessorTimes): number {
  const total = after.totalTicks - before.totalTicks;
  return total <= 0 ? 0 : 1 - (after.idleTicks - before.idleTicks) / total;
}
