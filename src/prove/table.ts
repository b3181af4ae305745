import { modes, type ProveResult } from "./result.ts";
import {
  checkText,
  environmentFacts,
  modeTitles,
  notes,
  setupText,
  summary,
  verdictTexts,
} from "./words.ts";

const LINE_WIDTH = 100;

/** The result as plain text, at most a hundred columns wide. */
export function renderTable(result: ProveResult): string {
  const sections = summary(result);
  const labelWidth = Math.max(
    ...sections.flatMap(({ rows }) => rows.map((row) => row.label.length)),
  );
  const widths = modes.map((mode) =>
    Math.max(
      modeTitles[mode].length,
      ...sections.flatMap(({ rows }) => rows.map((row) => row.values[mode].length)),
    ),
  );
  const line = (label: string, cells: string[]): string =>
    `  ${label.padEnd(labelWidth)}${cells.map((cell, i) => `  ${cell.padStart(widths[i] ?? 0)}`).join("")}`;
  const table = sections.flatMap(({ title, rows }, i) => [
    ...(i === 0
      ? [
          line(
            "",
            modes.map((mode) => modeTitles[mode]),
          ),
        ]
      : [""]),
    title,
    ...rows.map(({ label, values }) =>
      line(
        label,
        modes.map((mode) => values[mode]),
      ),
    ),
  ]);
  return [
    ...wrap(setupText(result)),
    "",
    ...table,
    "",
    "Checks",
    ...checks(result),
    "",
    ...notes.flatMap((note) => wrap(note, "  ", "- ")),
    ...wrap(
      environmentFacts(result)
        .map(([name, value]) => `${name} ${value}`)
        .join("; "),
      "  ",
      "- ",
    ),
    "",
    ...(result.limits.length > 0
      ? [
          "The machine limited this run:",
          ...result.limits.flatMap((limit) => wrap(limit, "  ", "- ")),
          "",
        ]
      : []),
    `${result.verdict.toUpperCase()}: ${verdictTexts[result.verdict]}`,
    "",
  ].join("\n");
}

function checks({ judgements }: ProveResult): string[] {
  const texts = judgements.map((judgement) => ({ ...checkText(judgement), met: judgement.met }));
  const whatWidth = Math.max(...texts.map(({ what }) => what.length));
  return texts.map(
    ({ what, measured, wanted, met }) =>
      `  ${met ? "met    " : "NOT MET"}  ${what.padEnd(whatWidth)}  ${measured.padStart(7)}, ${wanted}`,
  );
}

/** Breaks text into lines; `indent` stands before each, `bullet` after it on the first. */
export function wrap(text: string, indent = "", bullet = ""): string[] {
  const lines: string[] = [];
  let line = indent + bullet;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = indent + " ".repeat(bullet.length);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
