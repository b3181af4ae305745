/** `top` at the terminal: draws what was measured last, also after a key, or where the size changed. */
import type { StatusOptions } from "./options.ts";
import { type Rendering, stdoutLook } from "./render.ts";
import { pressed, topLine, type View } from "./view.ts";
import { displayOn, extentOf } from "./watch.ts";

export interface StatusDisplay<Found> {
  show: (found: Found) => void;
  /** Gives the terminal back. */
  end: () => void;
}

/** Hands on each key. Returns what ends that. Without a terminal to read from there are no keys. */
function onKeys(take: (input: string) => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => {};
  const listen = (data: Buffer): void => take(data.toString());
  stdin.setRawMode(true);
  stdin.on("data", listen);
  stdin.resume();
  return () => {
    stdin.off("data", listen);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** `quit` is called where a person wants an end. */
export function showOn<Found>(
  { wide, sort }: Pick<StatusOptions, "wide" | "sort">,
  render: (found: Found, rendering: Rendering) => string,
  quit: () => void,
): StatusDisplay<Found> {
  const { stdout } = process;
  const isTTY = stdout.isTTY === true;
  const display = displayOn({
    isTTY,
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    write: (text) => void stdout.write(text),
  });
  let view: View = { sort, wide: wide === true, offset: 0 };
  let last: { found: Found; clock: string } | null = null;
  let block = "";
  const draw = (): void => {
    if (last === null) return;
    block = render(last.found, { ...stdoutLook(), wide: view.wide, sort: view.sort });
    display.show(block, isTTY ? topLine(last.clock, view) : null, view.offset);
  };
  const take = (input: string): void => {
    const next = pressed(view, input, extentOf(block, (stdout.rows || 24) - 1));
    if (next === "quit") {
      quit();
      return;
    }
    view = next;
    draw();
  };
  const endKeys = isTTY ? onKeys(take) : () => {};
  stdout.on("resize", draw);
  return {
    show(found) {
      last = { found, clock: new Date().toTimeString().slice(0, 8) };
      draw();
    },
    end() {
      stdout.off("resize", draw);
      endKeys();
      display.end();
    },
  };
}
