/** Lays out text in a number of columns of a terminal. Pure; wide characters count as two. */

/** null means that there is no limit: what is written goes into a file or a pipe. */
export type Columns = number | null;

export const widthOf = (text: string): number => Bun.stringWidth(text);

/** Cuts in the middle: the end of a pod's name tells it from its siblings. */
export function cutMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 1) return columns === 1 ? "…" : "";
  const tail = Math.floor((columns - 1) / 2);
  const head = columns - 1 - tail;
  const end = tail === 0 ? "" : Bun.sliceAnsi(text, -tail);
  return `${Bun.sliceAnsi(text, 0, head)}…${end}`;
}

/** Breaks between words, and within one that is longer than a line. */
export function wrapped(text: string, columns: Columns): string[] {
  return columns === null || widthOf(text) <= columns
    ? [text]
    : Bun.wrapAnsi(text, Math.max(1, columns), { hard: true, trim: true }).split("\n");
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

const gap = "  ";

export interface Column {
  title: string;
  /** Where the table is too wide, columns leave in this order, from 1; without it a column stays. */
  leaves?: number;
  /** It is the one that is cut where it has to be, down to this many columns. */
  cutTo?: number;
}

export interface Laid {
  /** The places of the columns that stayed. */
  places: number[];
  widths: number[];
}

const sum = (widths: readonly number[]): number =>
  widths.reduce((all, width) => all + width, 0) + gap.length * Math.max(0, widths.length - 1);

/** Decides which columns stay, and how wide each is. null means that the table does not fit at all. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  limit: Columns,
): Laid | null {
  const natural = columns.map(({ title }, i) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? ""))),
  );
  const leaving = columns
    .flatMap(({ leaves }, i) => (leaves === undefined ? [] : [{ leaves, i }]))
    .toSorted((a, b) => a.leaves - b.leaves)
    .map(({ i }) => i);
  for (let gone = 0; gone <= leaving.length; gone++) {
    const left = new Set(leaving.slice(0, gone));
    const places = columns.map((_, i) => i).filter((i) => !left.has(i));
    const widths = places.map((i) => natural[i] ?? 0);
    const over = limit === null ? 0 : sum(widths) - limit;
    if (over <= 0) return { places, widths };
    const cut = places.findIndex((i) => columns[i]?.cutTo !== undefined);
    const rest = (widths[cut] ?? 0) - over;
    if (rest >= (columns[places[cut] ?? 0]?.cutTo ?? Number.POSITIVE_INFINITY))
      return { places, widths: widths.with(cut, rest) };
  }
  return null;
}

/** Writes one row of it. `paint` gets a cell after it was padded. */
export function rowLine(
  { places, widths }: Laid,
  row: readonly string[],
  paint: (cell: string, place: number) => string = (cell) => cell,
): string {
  const cells = places.map((place, i) => {
    const width = widths[i] ?? 0;
    const cell = cutMiddle(row[place] ?? "", width);
    return paint(i === places.length - 1 ? cell : padded(cell, width), place);
  });
  return cells.join(gap).trimEnd();
}
