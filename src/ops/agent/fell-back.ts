/** Counts the verbs that a launcher did not hand to the agent, by why. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FellBackReason, fellBackFileNames } from "../../cni/fell-back.ts";
import { type Fallen, fallenIn } from "../../cni/fell-back-record.ts";
import { FairwayError, messageOf } from "../../errors.ts";

export type FellBackCounts = Partial<Record<FellBackReason, number>>;

export interface FellBack {
  lastHour: FellBackCounts;
  lastDay: FellBackCounts;
  /** Since when all of them are known; null means that none was left out. */
  knownSinceMs: number | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function counted(fallen: readonly Fallen[], sinceMs: number): FellBackCounts {
  const counts: FellBackCounts = {};
  for (const { atMs, reason } of fallen)
    if (atMs > sinceMs) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** `before` is null where nothing was put away yet. What is no record is passed over. */
export function fellBackIn(text: string, before: string | null, nowMs: number): FellBack {
  const fallen = `${before ?? ""}\n${text}`.split("\n").flatMap((line) => fallenIn(line) ?? []);
  return {
    lastHour: counted(fallen, nowMs - hourMs),
    lastDay: counted(fallen, nowMs - dayMs),
    knownSinceMs: before === null ? null : (fallen[0]?.atMs ?? null),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new FairwayError("io", `cannot read ${path}: ${messageOf(error)}`, "run as root", {
      cause: error,
    });
  }
}

/** Throws io. */
export function readFellBack(dataDir: string, nowMs: number): FellBack {
  const [text = null, before = null] = fellBackFileNames.map((name) => textOf(join(dataDir, name)));
  return fellBackIn(text ?? "", before, nowMs);
}

export const totalOf = (counts: FellBackCounts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** "declined 12, timeout 1", the most first. */
export const countWords = (counts: FellBackCounts): string =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
