/** What Fairway's own log says of where time went: a line per verb. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Recorder } from "./result.ts";
import type { Side } from "./side.ts";
import { logFileOf } from "./sides.ts";

export interface Spent {
  verb: string;
  durationMs: number;
  /** By stage, of a verb that was traced. */
  spans: [stage: string, ms: number][];
}

interface Line {
  msg?: unknown;
  verb?: unknown;
  stage?: unknown;
  durationMs?: unknown;
}

/**
 * Lines of JSON: those of a verb's spans, if it was traced, then its own. A stage that came several times
 * is summed up; what is no line of a verb tells nothing.
 */
export function parseLog(text: string): Spent[] {
  const spent: Spent[] = [];
  let spans = new Map<string, number>();
  for (const line of text.split("\n").filter((each) => each.startsWith("{"))) {
    const { msg, verb, stage, durationMs } = JSON.parse(line) as Line;
    if (typeof verb !== "string" || typeof durationMs !== "number") continue;
    if (msg === "span") spans.set(String(stage), (spans.get(String(stage)) ?? 0) + durationMs);
    else {
      spent.push({ verb, durationMs, spans: [...spans] });
      spans = new Map();
    }
  }
  return spent;
}

/** The lines since the last look: none for a side that is not Fairway's. */
function takeLog({ folder }: Side): Spent[] {
  const file = logFileOf(folder);
  if (!existsSync(file)) return [];
  const lines = parseLog(readFileSync(file, "utf8"));
  rmSync(file);
  return lines;
}

const insideOf = (verb: string): string => `${verb}: inside the verb`;
const stageOf = (verb: string, stage: string): string => `${verb}: ${stage}`;

/** `counted` false: what was logged is of no interest, and gone. */
export function recordLog(side: Side, counted: boolean, recorder: Recorder): void {
  for (const { verb, durationMs } of takeLog(side))
    if (counted) recorder.add(insideOf(verb), side.name, "ms", durationMs);
}

/** The stages of verbs that were traced, which takes them longer: to be told, and not measured. */
export function recordSpans(side: Side, recorder: Recorder): void {
  for (const { verb, spans } of takeLog(side))
    for (const [stage, ms] of spans) recorder.add(stageOf(verb, stage), side.name, "ms", ms);
}
