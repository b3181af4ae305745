/** The table: a row for each pod and direction. A row stays the same element while its pod is shown. */
import type { Row } from "../state.ts";
import { drawRow, emptyChart } from "./chart.ts";
import { byId, el, keyed, setShare, setText } from "./dom.ts";
import type { History, Point } from "./history.ts";
import { delayCell, isLate, rateCell, spanWords, verdictWords } from "./words.ts";

export const rowKey = ({ pod, direction }: Row): string => `${direction} ${pod}`;

interface Cells {
  verdict: HTMLElement;
  rate: HTMLElement;
  borrows: HTMLElement;
  within: HTMLElement;
  beyond: HTMLElement;
  mark: HTMLElement;
  delay: HTMLElement;
  waits: HTMLElement;
  chart: SVGElement;
}

const cellsOf = new WeakMap<Element, Cells>();

const cell = (title: string, className: string, ...children: Node[]): HTMLElement => {
  const made = el("td", className, ...children);
  made.setAttribute("role", "cell");
  made.dataset.of = title;
  return made;
};

function makeRow({ pod, direction, tier }: Row): HTMLElement {
  const cells: Cells = {
    verdict: el("span", "chip"),
    rate: el("span", "figure"),
    borrows: el("span", "borrows"),
    within: el("div", "piece within"),
    beyond: el("div", "piece borrowed"),
    mark: el("div", "mark"),
    delay: el("span", "figure"),
    waits: el("span", "figure"),
    chart: emptyChart(120, 28),
  };
  const name = el("th", "pod", el("span", "name", pod));
  name.scope = "row";
  name.setAttribute("role", "rowheader");
  name.append(el("span", "muted", ` ${direction}${tier === null ? "" : `, ${tier}`}`));
  const bar = el("div", "bar", cells.within, cells.beyond, cells.mark);
  bar.setAttribute("aria-hidden", "true");
  const row = el(
    "tr",
    "",
    cell("Promise", "verdict", cells.verdict),
    name,
    cell("Gets / guarantee", "value", cells.rate, cells.borrows),
    cell("", "bars", bar),
    cell("Delay / target", "value", cells.delay),
    cell("Waits for", "value", cells.waits),
    cell("", "spark", cells.chart),
  );
  row.setAttribute("role", "row");
  cellsOf.set(row, cells);
  return row;
}

function drawBar({ within, beyond, mark }: Cells, row: Row): void {
  const { rateBits, guaranteeBits, borrowedBits, limitBits } = row;
  const top = Math.max(guaranteeBits, rateBits ?? 0, limitBits ?? 0, 1);
  setShare(within, (((rateBits ?? 0) - borrowedBits) / top) * 100);
  setShare(beyond, (borrowedBits / top) * 100);
  mark.hidden = guaranteeBits === 0;
  mark.style.left = `${Math.min(100, (guaranteeBits / top) * 100).toFixed(3)}%`;
}

export function drawRows(rows: readonly Row[], history: History<Point>, nowMs: number): void {
  keyed(byId("rows"), rows, rowKey, makeRow, (child, row) => {
    const cells = cellsOf.get(child);
    if (cells === undefined) return;
    child.className = row.verdict;
    setText(cells.verdict, verdictWords[row.verdict]);
    cells.verdict.className = `chip ${row.verdict}`;
    setText(cells.rate, rateCell(row));
    setText(cells.borrows, row.borrowedBits >= 1_000 && row.guaranteeBits > 0 ? "borrows" : "");
    drawBar(cells, row);
    setText(cells.delay, delayCell(row));
    cells.delay.className = isLate(row) ? "figure late" : "figure";
    setText(cells.waits, row.waitingMs === null ? "–" : spanWords(row.waitingMs));
    drawRow(cells.chart, history.of(rowKey(row)), row.guaranteeBits, nowMs);
  });
}
