/** Tells what is going on, how long it still takes, and on a terminal what is known so far. */
export interface Progress {
  /** Begins the next of the announced steps. */
  step(label: string, seconds: number): void;
  /** From now on the line has these figures as well, which are asked for once in a second. */
  figures(text: () => string): void;
  /** Leaves the terminal clean. */
  end(): void;
}

export interface ProgressOutput {
  /** One line that is redrawn; else a line for each step, without figures. */
  redraws: boolean;
  /** Of a terminal; it may change. */
  columns: number;
  write(text: string): void;
}

const REDRAW_MS = 200;
/** To look at the figures takes time of a processor, which the measurement would have. */
const FIGURES_MS = 1_000;
const BAR_WIDTH = 24;
/** These are a carriage return and the erasing of the line to its end (ECMA-48 EL). */
const CLEAR = "\r\u001b[K";

/**
 * A line that is redrawn is for a person at a terminal, and not for the log of a CI system, which may have a terminal,
 * too. NO_COLOR (https://no-color.org) is understood as the wish for plain text.
 */
export const redrawsOn = (
  isTTY: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean => isTTY && [env.NO_COLOR, env.CI].every((value) => (value ?? "") === "");

/** `totalSeconds` is the sum of what the steps will say. */
export function makeProgress(output: ProgressOutput, totalSeconds: number): Progress {
  let doneSeconds = 0;
  let current: { label: string; seconds: number; sinceMs: number } | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  let ask = (): string => "";
  let figures = { text: "", atMs: Number.NEGATIVE_INFINITY };
  const draw = (): void => {
    if (current === null) return;
    const nowMs = performance.now();
    if (nowMs - figures.atMs >= FIGURES_MS) figures = { text: ask(), atMs: nowMs };
    const spent = Math.min(current.seconds, (nowMs - current.sinceMs) / 1000);
    const done = { doneSeconds: doneSeconds + spent, totalSeconds };
    const line = progressLine(current.label, done, figures.text, output.columns);
    output.write(`${CLEAR}${line}`);
  };
  return {
    step(label, seconds) {
      doneSeconds += current?.seconds ?? 0;
      current = { label, seconds, sinceMs: performance.now() };
      if (output.redraws) {
        draw();
        timer ??= setInterval(draw, REDRAW_MS);
      } else {
        output.write(`${label} (about ${leftSeconds(doneSeconds, totalSeconds)} s left)\n`);
      }
    },
    figures(text) {
      ask = text;
      figures = { text: "", atMs: Number.NEGATIVE_INFINITY };
    },
    end() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      if (output.redraws && current !== null) output.write(CLEAR);
      current = null;
    },
  };
}

interface Done {
  doneSeconds: number;
  totalSeconds: number;
}

/** As much of it as `columns` hold: first the bar goes, then what of the scenario is measured. */
export function progressLine(
  label: string,
  { doneSeconds, totalSeconds }: Done,
  figures: string,
  columns: number,
): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, doneSeconds / totalSeconds));
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const left = `${leftSeconds(doneSeconds, totalSeconds)} s left`;
  const [scenario = label] = label.split(":");
  const parts = (...each: string[]): string => each.filter((part) => part !== "").join(" · ");
  const ways = [
    `${bar} ${parts(left, label, figures)}`,
    parts(left, label, figures),
    parts(`${scenario} ${leftSeconds(doneSeconds, totalSeconds)} s`, figures),
    parts(left, figures),
  ];
  // The last column stays free: a terminal may wrap after it.
  const fits = ways.find((way) => way.length < columns);
  return fits ?? Bun.sliceAnsi(parts(left, figures), 0, Math.max(0, columns - 1));
}

function leftSeconds(doneSeconds: number, totalSeconds: number): number {
  return Math.max(0, Math.ceil(totalSeconds - doneSeconds));
}
