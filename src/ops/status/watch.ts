/** Shows blocks one after the other. On a terminal they are redrawn in place; elsewhere they are plain. */
import type { Extent } from "./view.ts";

export interface Screen {
  isTTY: boolean;
  columns: number;
  rows: number;
  write(text: string): void;
}

/**
 * These are sequences of ECMA-48 and xterm. They enter and leave the other screen, without a cursor; go home;
 * and erase to the end of the line or of the screen.
 */
const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const eraseLine = "\u001b[K";
const eraseBelow = "\u001b[J";

const linesOf = (block: string): string[] => block.trimEnd().split("\n");

/** How far a block can be scrolled on so many rows; the last row tells how much is below. */
export function extentOf(block: string, rows: number): Extent {
  const lines = linesOf(block).length;
  const page = Math.max(1, rows - 1);
  return { page, lastOffset: lines <= rows ? 0 : lines - page };
}

/** The part that a screen of this size can show: a longer line would wrap and shift what stands below it. */
export function fitted(block: string, columns: number, rows: number, offset = 0): string[] {
  const lines = linesOf(block);
  const { page, lastOffset } = extentOf(block, rows);
  const from = Math.min(offset, lastOffset);
  const below = lines.length - from - page;
  const shown =
    lines.length <= rows
      ? lines
      : [
          ...lines.slice(from, from + page),
          ...(rows > 1 ? [below > 0 ? `(${below} more lines)` : "(end)"] : []),
        ];
  return shown.map((line) => Bun.sliceAnsi(line, 0, columns));
}

export interface Display {
  /** `above` stays in place; null means that there is no such line. */
  show(block: string, above?: string | null, offset?: number): void;
  /** Ends the display; the last block stays to be read. */
  end(): void;
}

export function displayOn(screen: Screen): Display {
  let last: string | null = null;
  if (!screen.isTTY) {
    return {
      show(block) {
        // An empty line separates the blocks.
        screen.write(last === null ? block : `\n${block}`);
        last = block;
      },
      end() {},
    };
  }
  return {
    show(block, above = null, offset = 0) {
      const { columns, rows } = screen;
      const head = above === null ? [] : [Bun.sliceAnsi(above, 0, columns)];
      const lines = [...head, ...fitted(block, columns, Math.max(1, rows - head.length), offset)];
      const text = lines.map((line) => `${line}${eraseLine}`).join("\r\n");
      screen.write(`${last === null ? enter : ""}${home}${text}${eraseBelow}`);
      last = block;
    },
    end() {
      if (last !== null) screen.write(`${leave}${last}`);
    },
  };
}
