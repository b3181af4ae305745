/** A direction of the uplink as a band: what is promised above, what is carried below, on one scale. */
import { mbitWords } from "../../measure/words.ts";
import { isTrouble, type Part, type TreeShown } from "../state.ts";
import { drawTree, emptyChart } from "./chart.ts";
import { byId, el, keyed, setShare, setText } from "./dom.ts";
import type { History, TreePoint } from "./history.ts";
import { directionWords, mbit, partName, treeWords, verdictWords } from "./words.ts";

/** A piece of a lane. */
interface Piece {
  key: string;
  className: string;
  bits: number;
  /** Where there is room for it. */
  label: string;
  title: string;
}

const partKey = ({ pod }: Part): string => (pod === null ? "others" : `pod ${pod}`);

const promisedPiece = (part: Part): Piece => ({
  key: partKey(part),
  className: isTrouble(part) ? "promised missed" : "promised",
  bits: part.guaranteeBits,
  label: partName(part),
  title: `${partName(part)}: ${mbit(part.guaranteeBits)} promised, ${verdictWords[part.verdict]}`,
});

function carriedPieces(part: Part): Piece[] {
  const name = partName(part);
  return [
    {
      key: `${partKey(part)} within`,
      className: isTrouble(part) ? "within missed" : "within",
      bits: part.withinBits,
      label: name,
      title: `${name}: ${mbit(part.withinBits)} within its guarantee`,
    },
    {
      key: `${partKey(part)} borrowed`,
      className: "borrowed",
      bits: part.borrowedBits,
      label: name,
      title: `${name}: ${mbit(part.borrowedBits)} borrowed`,
    },
  ];
}

/** What would be thinner than a hair is left out. */
const leastShare = 0.15;

function drawLane(lane: Element, pieces: readonly Piece[], totalBits: number): void {
  const share = ({ bits }: Piece): number => (bits / totalBits) * 100;
  keyed(
    lane,
    pieces.filter((piece) => share(piece) >= leastShare),
    ({ key }) => key,
    () => el("div", "piece", el("span")),
    (child, piece) => {
      child.className = `piece ${piece.className}`;
      child.title = piece.title;
      setShare(child, share(piece));
      if (child.firstElementChild !== null) setText(child.firstElementChild, piece.label);
    },
  );
}

function lanesOf(tree: TreeShown): { promised: Piece[]; carried: Piece[]; totalBits: number } {
  const { parts, reserveBits, hostRateBits, capacityBits, promisedBits, leftBits } = tree;
  const reserve = {
    key: "reserve",
    className: "reserve",
    bits: reserveBits,
    label: "reserve",
    title: `${mbit(reserveBits)} in reserve for the node itself`,
  };
  const left = {
    key: "left",
    className: "left",
    bits: Math.max(0, leftBits),
    label: "can still be promised",
    title: `${mbit(Math.max(0, leftBits))} can still be promised`,
  };
  const host = {
    key: "host",
    className: "reserve",
    bits: hostRateBits ?? 0,
    label: "node",
    title: `${mbit(hostRateBits ?? 0)} by the node itself`,
  };
  return {
    promised: [...parts.map(promisedPiece), left, reserve],
    carried: [...parts.flatMap(carriedPieces), host],
    totalBits: Math.max(capacityBits, promisedBits + reserveBits),
  };
}

function makeTree({ direction }: TreeShown): HTMLElement {
  const lane = (name: string, words: string): HTMLElement =>
    el(
      "div",
      "lane-row",
      el("p", "", el("b", "", words), " ", el("span", `words ${name}-words`)),
      el("div", `lane ${name}-lane`),
    );
  const made = el(
    "section",
    "tree card",
    el("div", "tree-head", el("h2", "", directionWords[direction]), el("p", "total")),
    lane("promised", "Promised"),
    lane("carried", "Carried"),
    el("div", "ticks", el("span", "", "0"), el("span", "half"), el("span", "full")),
    el("h3", "", "Ten minutes"),
    emptyChart(600, 100),
    el(
      "div",
      "ticks",
      el("span", "", "10 min ago"),
      el("span", "", "5 min"),
      el("span", "", "now"),
    ),
  );
  made.setAttribute("aria-label", directionWords[direction]);
  for (const hidden of made.querySelectorAll(".lane, .ticks"))
    hidden.setAttribute("aria-hidden", "true");
  return made;
}

function part(of: Element, selector: string): HTMLElement {
  const found = of.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`a tree has no ${selector}`);
  return found;
}

export function drawTrees(
  trees: readonly TreeShown[],
  history: History<TreePoint>,
  nowMs: number,
): void {
  keyed(
    byId("trees"),
    trees,
    ({ direction }) => direction,
    makeTree,
    (child, tree) => {
      const { promised, carried, totalBits } = lanesOf(tree);
      const words = treeWords(tree);
      const rate = tree.rateBits === null ? "–" : mbitWords(tree.rateBits);
      setText(part(child, ".total"), `${rate} of ${mbit(tree.capacityBits)} by ${tree.dev}`);
      setText(part(child, ".promised-words"), words.promised);
      setText(part(child, ".carried-words"), words.carried);
      drawLane(part(child, ".promised-lane"), promised, totalBits);
      drawLane(part(child, ".carried-lane"), carried, totalBits);
      setText(part(child, ".half"), mbitWords(totalBits / 2));
      setText(part(child, ".full"), mbit(totalBits));
      const chart = child.querySelector<SVGElement>(".chart");
      if (chart !== null) drawTree(chart, history.of(tree.direction), totalBits, nowMs);
    },
  );
}
