/** Writes `status` for a person in as many columns as there are: the verdict first. Pure. */
import { formatDuration } from "../../config/quantities.ts";
import { delayWords, mbitWords } from "../../measure/words.ts";
import { type ClassRow, classRows, type SortKey, sorted, type Verdict } from "./class-rows.ts";
import { driftWords } from "./drift-words.ts";
import { headlineOf } from "./headline.ts";
import type { NodeStatus, TreeStatus } from "./model.ts";
import { nodeRemarks, podRemarks } from "./remarks.ts";
import { type Column, type Columns, cutMiddle, layOut, rowLine, wrapped } from "./text-table.ts";

export interface Look {
  columns: Columns;
  colour: boolean;
  sort: SortKey;
}

type Colour = "red" | "green" | "yellow" | "faint" | "bold";
/** Select graphic rendition, as of ECMA-48. */
const codes: Record<Colour, number> = { red: 31, green: 32, yellow: 33, faint: 2, bold: 1 };

const painter =
  (colour: boolean) =>
  (text: string, as: Colour): string =>
    colour && text !== "" ? `\u001b[${codes[as]}m${text}\u001b[0m` : text;

const colourOf: Record<Verdict, Colour> = {
  missing: "red",
  below: "red",
  unknown: "yellow",
  tooShort: "yellow",
  kept: "green",
  noDemand: "faint",
  bestEffort: "faint",
  notMeasured: "faint",
};

function verdictWords({ verdict, status: { measured } }: ClassRow): string {
  switch (verdict) {
    case "missing":
      return "MISSING";
    case "below": {
      const share = measured?.known ? (measured.promise.belowShare ?? 0) : 0;
      return `BELOW ${Math.round(share * 100)}%`;
    }
    case "tooShort":
      return "too short";
    case "noDemand":
      return "no demand";
    case "bestEffort":
      return "best effort";
    case "notMeasured":
      return "not measured";
    case "unknown":
    case "kept":
      return verdict;
  }
}

function rateWords({ status: { measured, currentGuaranteeBits } }: ClassRow): string {
  const sent = measured?.known ? mbitWords(measured.rateBits) : "-";
  return `${sent} / ${currentGuaranteeBits === 0 ? "-" : mbitWords(currentGuaranteeBits)}`;
}

function delayCell({ status: { measured }, targetUs }: ClassRow): string {
  const delay = measured?.known ? delayWords(measured.queueDelayUs) : "-";
  return `${delay} / ${targetUs === null ? "-" : formatDuration(targetUs)}`;
}

const barCells = 10;

/** A full bar is the guarantee; `>` stands at the end of more than that, which was lent by others. */
export function bar(rateBits: number, guaranteeBits: number): string {
  const share = rateBits / guaranteeBits;
  const filled = Math.min(barCells, Math.floor(share * barCells + 1e-9));
  const body = "#".repeat(filled) + "-".repeat(barCells - filled);
  return `[${share > 1.05 ? `${body.slice(0, -1)}>` : body}]`;
}

function barCell({ status: { measured, currentGuaranteeBits } }: ClassRow): string {
  if (!measured?.known || currentGuaranteeBits === 0) return "";
  return bar(measured.rateBits, currentGuaranteeBits);
}

const columns: readonly Column[] = [
  { title: "VERDICT" },
  { title: "POD", cutTo: 12 },
  { title: "" },
  { title: "MBIT/S" },
  { title: "", leaves: 1 },
  { title: "DELAY", leaves: 2 },
];
const verdictAt = 0;

const cellsOf = (row: ClassRow): string[] => [
  verdictWords(row),
  row.name,
  row.direction,
  rateWords(row),
  barCell(row),
  delayCell(row),
];

/** Where no table fits, each class has lines of its own. */
function stacked(rows: readonly ClassRow[], { columns, colour }: Look): string[] {
  const paint = painter(colour);
  const width = columns ?? Number.POSITIVE_INFINITY;
  return rows.flatMap((row) => [
    paint(verdictWords(row).slice(0, width), colourOf[row.verdict]),
    ` ${cutMiddle(row.name, width - 1)}`,
    ...wrapped(`${row.direction} ${rateWords(row)}`, Math.max(1, width - 1)).map((l) => ` ${l}`),
  ]);
}

function table(rows: readonly ClassRow[], look: Look): string[] {
  const paint = painter(look.colour);
  const cells = rows.map(cellsOf);
  const laid = layOut(columns, cells, look.columns);
  if (laid === null) return stacked(rows, look);
  const titles = columns.map(({ title }) => title);
  return [
    paint(rowLine(laid, titles), "bold"),
    ...rows.map((row, i) =>
      rowLine(laid, cells[i] ?? [], (cell, place) =>
        place === verdictAt ? paint(cell, colourOf[row.verdict]) : cell,
      ),
    ),
  ];
}

function treeWords({
  direction,
  dev,
  capacityBits,
  reserveBits,
  currentBits,
  measured,
}: TreeStatus): string {
  const sent = measured?.known ? `${mbitWords(measured.rateBits)} of ` : "";
  return `${direction} (${dev}): ${sent}${mbitWords(capacityBits)} Mbit/s${sent === "" ? " capacity" : " sent"}, ${mbitWords(currentBits)} promised to pods, ${mbitWords(reserveBits)} in reserve`;
}

const legend =
  "MBIT/S: sent / guaranteed, as Ethernet frames. DELAY: mean wait in the queue of the class / latency target. More: --wide, --json.";

export function renderBrief(status: NodeStatus, look: Look): string {
  const paint = painter(look.colour);
  const rows = sorted(classRows(status), look.sort);
  const { mood, text } = headlineOf(status, rows);
  const colour = { good: "green", open: "yellow", bad: "red" } as const;
  const fold = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => wrapped(line, look.columns));
  const lines = fold([text]).map((line) => paint(line, colour[mood]));
  if (status.trees.length > 0) lines.push(...fold(status.trees.map(treeWords)));
  if (rows.length > 0) lines.push("", ...table(rows, look), "", ...fold([legend]));
  lines.push(...fold([...podRemarks(status), ...nodeRemarks(status, driftWords(status))]));
  return `${lines.join("\n")}\n`;
}
