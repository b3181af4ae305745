/**
 * Measures where a verb's time goes, with a span for each stage, if FAIRWAY_TRACE=1. The spans are kept in
 * memory until the verb has answered, and then written to the log (cni/log.ts). When tracing is off, a stage
 * costs one call.
 */
const traceVariable = "FAIRWAY_TRACE";

export interface Span {
  stage: string;
  /** The number of stages that it is inside of. */
  depth: number;
  /** The time since the process began, or since the verb did in a process that runs several. */
  startMs: number;
  durationMs: number;
  /** Whether it ended with an error. */
  failed: boolean;
}

const isOn = process.env[traceVariable] === "1";
const ended: Span[] = [];
let depth = 0;
let beganMs = 0;

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** Returns what `work` returns. */
export function span<T>(stage: string, work: () => T): T {
  if (!isOn) return work();
  // Spans are added in the order in which they begin, so that a stage comes before the stages inside it.
  const own: Span = {
    stage,
    depth,
    startMs: rounded(performance.now() - beganMs),
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
    own.durationMs = rounded(performance.now() - beganMs - own.startMs);
  }
}

/** A process that runs several verbs calls this before each. */
export function forgetSpans(): void {
  ended.length = 0;
  depth = 0;
  beganMs = performance.now();
}

export const spans = (): readonly Span[] => ended;
