/** Blocks one after the other: redrawn in place on a terminal, plain elsewhere. */

export interface Screen {
  isTTY: boolean;
  columns: number;
  rows: number;
  write(text: string): void;
}

/** ECMA-48 and xterm: the other screen, without a cursor; home; erase to the end of the line, of the screen. */
const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const eraseLine = "\u001b[K";
const eraseBelow = "\u001b[J";

/** What a screen of this size can show: a longer line would wrap and shift what stands below it. */
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
  /** The last block stays to be read. */
  end(): void;
}

export function displayOn(screen: Screen): Display {
  let last: string | null = null;
  if (!screen.isTTY) {
    return {
      show(block) {
        // Blocks are told apart by an empty line.
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
