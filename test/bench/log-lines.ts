/** What Fairway's own log says of where time went: a line per verb. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Recorder } from "./result.ts";
import type { Side } from "./side.ts";
import { logFileOf } from "./sides.ts";

export interface Spent {
  verb: string;
  durationMs: number;
  /** By stage, where the build has spans (FAIRWAY_TRACE). */
  spans: [stage: string, ms: number][];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** An object from stages to milliseconds, or a list of {name, ms}; a stage that came several times is summed up. */
function spansOf(spans: unknown): [string, number][] {
  const pairs: [string, unknown][] = Array.isArray(spans)
    ? spans.filter(isObject).map((s) => [String(s.name ?? s.stage ?? s.span), s.ms ?? s.durationMs])
    : isObject(spans)
      ? Object.entries(spans)
      : [];
  const sums = new Map<string, number>();
  for (const [stage, ms] of pairs)
    if (typeof ms === "number") sums.set(stage, (sums.get(stage) ?? 0) + ms);
  return [...sums];
}

/** Lines of JSON; what is none, or has no duration, tells nothing. */
export function parseLog(text: string): Spent[] {
  return text.split("\n").flatMap((line): Spent[] => {
    if (!line.startsWith("{")) return [];
    const { verb, durationMs, spans, trace } = JSON.parse(line) as Record<string, unknown>;
    if (typeof verb !== "string" || typeof durationMs !== "number") return [];
    return [{ verb, durationMs, spans: spansOf(spans ?? trace) }];
  });
}

/** The lines since the last look: none for a side that is not Fairway's. */
function takeLog({ folder }: Side): Spent[] {
  const file = logFileOf(folder);
  if (!existsSync(file)) return [];
  const lines = parseLog(readFileSync(file, "utf8"));
  rmSync(file);
  return lines;
}

export const insideOf = (verb: string): string => `${verb}: inside the verb`;
export const stageOf = (verb: string, stage: string): string => `${verb}: ${stage}`;

/** `counted` false: what was logged is of no interest, and gone. */
export function recordLog(side: Side, counted: boolean, recorder: Recorder): void {
  for (const { verb, durationMs, spans } of takeLog(side)) {
    if (!counted) continue;
    recorder.add(insideOf(verb), side.name, "ms", durationMs);
    for (const [stage, ms] of spans) recorder.add(stageOf(verb, stage), side.name, "ms", ms);
  }
}
