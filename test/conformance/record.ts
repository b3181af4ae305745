/** What was seen when the suite was run, and when the seeded faults were: record.json. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Way } from "./ways.ts";

/** By way, the rows that failed. */
type Caught = Record<Way, string[]>;

/** How the rows went by one way. */
export interface Went {
  met: number;
  /** How many calls the agent answered. */
  served: number;
  /** Why rows are left to processes by design, and which. */
  left: Record<string, string[]>;
}

export interface Recorded {
  ways: Partial<Record<Way, Went>>;
  /** Of each fault of the plugin. */
  faults: Record<string, Caught>;
  /** Of each fault of the agent or the launcher: rows, or tests. */
  parts: Record<string, string[]>;
}

const file = join(import.meta.dir, "record.json");

export function readRecord(): Recorded {
  const found = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recorded) : {};
  return { ways: {}, faults: {}, parts: {}, ...found };
}

const sorted = <Value>(record: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => a.localeCompare(b)));

export function writeRecord({ ways, faults, parts }: Recorded): void {
  const text = JSON.stringify({ ways, faults: sorted(faults), parts: sorted(parts) }, null, 2);
  writeFileSync(file, `${text}\n`);
}
