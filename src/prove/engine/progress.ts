/** Tells what is going on and how long it still takes. */
export interface Progress {
  /** Begins the next of the announced steps. */
  step(label: string, seconds: number): void;
  /** Leaves the terminal clean. */
  end(): void;
}

export interface ProgressOutput {
  isTTY: boolean;
  write(text: string): void;
}

const REDRAW_MS = 200;
const BAR_WIDTH = 24;
/** These are a carriage return and the erasing of the line to its end (ECMA-48 EL). */
const CLEAR = "\r\u001b[K";

/**
 * On a terminal this is one line that is redrawn; elsewhere it is a line for each step. `totalSeconds` is the
 * sum of what the steps will say.
 */
export function makeProgress(output: ProgressOutput, totalSeconds: number): Progress {
  let doneSeconds = 0;
  let current: { label: string; seconds: number; sinceMs: number } | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  const draw = (): void => {
    if (current === null) return;
    const spent = Math.min(current.seconds, (performance.now() - current.sinceMs) / 1000);
    output.write(`${CLEAR}${progressLine(current.label, doneSeconds + spent, totalSeconds)}`);
  };
  return {
    step(label, seconds) {
      doneSeconds += current?.seconds ?? 0;
      current = { label, seconds, sinceMs: performance.now() };
      if (output.isTTY) {
        draw();
        timer ??= setInterval(draw, REDRAW_MS);
      } else {
        output.write(`${label} (about ${leftSeconds(doneSeconds, totalSeconds)} s left)\n`);
      }
    },
    end() {
      if (timer !== null) clearInterval(timer);
      if (output.isTTY && current !== null) output.write(CLEAR);
      current = null;
    },
  };
}

export function progressLine(label: string, doneSeconds: number, totalSeconds: number): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, doneSeconds / totalSeconds));
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  return `${bar} ${leftSeconds(doneSeconds, totalSeconds)} s left · ${label}`;
}

function leftSeconds(doneSeconds: number, totalSeconds: number): number {
  return Math.max(0, Math.ceil(totalSeconds - doneSeconds));
}
