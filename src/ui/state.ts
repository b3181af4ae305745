/** What the page is told of a node, however many pods it has: bounded, sorted, and what is left out counted. Pure. */
import type { Live, LiveClass, LiveTree, Verdict } from "../metrics/live.ts";
import { type Headline, headlineOf } from "./headline.ts";

export const shows = ["all", "trouble", "waiting", "borrowing"] as const;
export type Show = (typeof shows)[number];

export interface Asked {
  /** A part of a pod's or a tier's name; empty is all. */
  find: string;
  show: Show;
}

export interface Row extends LiveClass {
  /** What passes beyond the guarantee: idle shares of others. */
  borrowedBits: number;
}

/** A pod in the band. */
export interface Part {
  /** null stands for the others together. */
  pod: string | null;
  pods: number;
  verdict: Verdict;
  guaranteeBits: number;
  /** What passes within the guarantee, and beyond it. */
  withinBits: number;
  borrowedBits: number;
}

export interface TreeShown extends LiveTree {
  parts: Part[];
  /** How many promises of this direction are not kept. */
  broken: number;
  withinBits: number;
  borrowedBits: number;
}

export interface PageState {
  /** The node's own name. */
  node: string;
  version: string;
  /** When the agent began, as of ISO 8601. */
  startedAt: string;
  headline: Headline;
  counts: Record<Show, number>;
  trees: TreeShown[];
  rows: Row[];
  /** Of the rows that were asked for, how many are left out. */
  more: number;
}

export const mostRows = 100;
/** Those with the largest guarantees, and those that borrow most; the rest is one part. */
const mostParts = 24;

function rowOf(each: LiveClass): Row {
  const rateBits = each.rateBits ?? 0;
  return { ...each, borrowedBits: Math.max(0, rateBits - each.guaranteeBits) };
}

/** Whether a promise is not kept. */
export const isTrouble = ({ verdict }: { verdict: Verdict }): boolean =>
  verdict === "missing" || verdict === "missed";

/** A little more than the guarantee is how HTB's tokens come. */
const isBorrowing = ({ borrowedBits, guaranteeBits }: Row): boolean =>
  borrowedBits > 0.05 * guaranteeBits + 1_000;

const choices: Record<Show, (row: Row) => boolean> = {
  all: () => true,
  trouble: isTrouble,
  waiting: ({ waitingMs }) => waitingMs !== null,
  borrowing: isBorrowing,
};

/** A direction in which a pod has neither a promise nor traffic is left out, as `fairway status` does. */
const hasSomething = (row: Row): boolean =>
  row.guaranteeBits > 0 || row.limitBits !== null || isTrouble(row) || (row.rateBits ?? 0) > 0;

const rank = (row: Row): number =>
  row.verdict === "missing" ? 0 : row.verdict === "missed" ? 1 : 2;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What moves all the time does not order the rows: nobody could read them. */
const inOrder = (a: Row, b: Row): number =>
  rank(a) - rank(b) || byText(a.pod, b.pod) || byText(a.direction, b.direction);

const matches = ({ pod, tier }: Row, find: string): boolean =>
  pod.toLowerCase().includes(find) || (tier ?? "").toLowerCase().includes(find);

function partOf(row: Row): Part {
  const { pod, verdict, guaranteeBits, borrowedBits } = row;
  const withinBits = Math.min(row.rateBits ?? 0, guaranteeBits);
  return { pod, pods: 1, verdict, guaranteeBits, withinBits, borrowedBits };
}

function together(parts: readonly Part[]): Part[] {
  if (parts.length === 0) return [];
  const sum = (of: (part: Part) => number): number =>
    parts.reduce((all, part) => all + of(part), 0);
  return [
    {
      pod: null,
      pods: parts.length,
      verdict: parts.some(isTrouble) ? "missed" : "kept",
      guaranteeBits: sum(({ guaranteeBits }) => guaranteeBits),
      withinBits: sum(({ withinBits }) => withinBits),
      borrowedBits: sum(({ borrowedBits }) => borrowedBits),
    },
  ];
}

const weight = ({ guaranteeBits, borrowedBits }: Part): number =>
  Math.max(guaranteeBits, borrowedBits);

function shownTree(tree: LiveTree, rows: readonly Row[]): TreeShown {
  const own = rows.filter(({ direction }) => direction === tree.direction);
  const all = own.map(partOf);
  const heaviest = all.toSorted((a, b) => weight(b) - weight(a));
  const named = heaviest
    .slice(0, mostParts)
    .filter((part) => weight(part) > 0)
    .toSorted((a, b) => b.guaranteeBits - a.guaranteeBits || byText(a.pod ?? "", b.pod ?? ""));
  const sum = (of: "withinBits" | "borrowedBits"): number =>
    all.reduce((bits, part) => bits + part[of], 0);
  return {
    ...tree,
    parts: [...named, ...together(heaviest.slice(mostParts))],
    broken: own.filter(isTrouble).length,
    withinBits: sum("withinBits"),
    borrowedBits: sum("borrowedBits"),
  };
}

export function pageState(
  live: Live,
  { find, show }: Asked,
  about: Pick<PageState, "node" | "version" | "startedAt">,
): PageState {
  const rows = live.classes.map(rowOf);
  const known = rows.filter(hasSomething);
  const asked = known.filter((row) => choices[show](row) && matches(row, find.toLowerCase()));
  const count = (each: Show): number => known.filter(choices[each]).length;
  return {
    ...about,
    headline: headlineOf(live),
    counts: {
      all: count("all"),
      trouble: count("trouble"),
      waiting: count("waiting"),
      borrowing: count("borrowing"),
    },
    trees: live.trees.map((tree) => shownTree(tree, rows)),
    rows: asked.toSorted(inOrder).slice(0, mostRows),
    more: Math.max(0, asked.length - mostRows),
  };
}
