/** What a running process takes of the machine, as /proc tells. */
import { readdirSync, readFileSync } from "node:fs";

const MIB_IN_KIB = 1024;
/** USER_HZ of every Linux that Fairway runs on: proc(5), clock ticks. */
const TICKS_IN_SECOND = 100;

/** utime and stime of all of its threads, those that have ended included. */
export function processorSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may hold spaces. utime is the 14th field, stime the 15th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_IN_SECOND;
}

export interface Memory {
  /** With the pages of the executable, which other processes of it share. */
  residentMiB: number;
  /** Its own: what another process does not share. */
  ownMiB: number;
  descriptors: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? Number.NaN) / MIB_IN_KIB;
  return {
    residentMiB: mib("VmRSS"),
    ownMiB: mib("RssAnon"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
