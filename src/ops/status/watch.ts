/** Shows blocks one after the other. On a terminal they are redrawn in place; elsewhere they are plain. */

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

/** The part that a screen of this size can show: a longer line would wrap and shift what stands below it. */
export function fitted(block: string, columns: number, rows: number): string[] {
  const lines = block.trimEnd().split("\n");
  const shown =
    lines.length <= rows
      ? lines
      : [...lines.slice(0, rows - 1), `(${lines.length - rows + 1} more lines)`];
  return shown.map((line) => line.slice(0, columns));
}

export interface Display {
  show(block: string): void;
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
    show(block) {
      const lines = fitted(block, screen.columns, screen.rows);
      const text = lines.map((line) => `${line}${eraseLine}`).join("\r\n");
      screen.write(`${last === null ? enter : ""}${home}${text}${eraseBelow}`);
      last = block;
    },
    end() {
      if (last !== null) screen.write(`${leave}${last}`);
    },
  };
}
