/**
 * Where a verb's time goes: a span per stage, with FAIRWAY_TRACE=1. Kept in memory until the verb has
 * answered, then written to the log (cni/log.ts). Off, a stage costs a call.
 */
const traceVariable = "FAIRWAY_TRACE";

export interface Span {
  stage: string;
  /** How many stages it is within. */
  depth: number;
  /** Since the process began. */
  startMs: number;
  durationMs: number;
  /** Whether it ended by an error. */
  failed: boolean;
}

const isOn = process.env[traceVariable] === "1";
const ended: Span[] = [];
let depth = 0;

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** What `work` gives. */
export function span<T>(stage: string, work: () => T): T {
  if (!isOn) return work();
  // In the order in which they begin, so that a stage stands before what it is made of.
  const own: Span = {
    stage,
    depth,
    startMs: rounded(performance.now()),
    durationMs: 0,
    failed: true,
  };
  ended.push(own);
  depth += 1;
  try {
    const value = work();
    own.failed = false;
    return value;
  } finally {
    depth -= 1;
    own.durationMs = rounded(performance.now() - own.startMs);
  }
}

export const spans = (): readonly Span[] => ended;
