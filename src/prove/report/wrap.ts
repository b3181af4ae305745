const lineWidth = 100;

/** Breaks text into lines. `indent` stands before each, and `bullet` after it on the first. */
export function wrap(text: string, indent = "", bullet = ""): string[] {
  const lines: string[] = [];
  let line = indent + bullet;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = indent + " ".repeat(bullet.length);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
