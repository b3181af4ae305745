/** The page's words for figures. Pure. */
import { delayWords, mbitWords } from "../../measure/words.ts";
import type { Verdict } from "../../metrics/live.ts";
import type { Part, Row, TreeShown } from "../state.ts";

export const verdictWords: Record<Verdict, string> = {
  missing: "no class",
  missed: "not kept",
  kept: "kept",
  waiting: "waiting",
  idle: "no demand",
  bestEffort: "best effort",
};

export const mbit = (bits: number): string => `${mbitWords(bits)} Mbit/s`;

export function rateCell({ rateBits, guaranteeBits }: Row): string {
  const gets = rateBits === null ? "–" : mbitWords(rateBits);
  return `${gets} / ${guaranteeBits === 0 ? "–" : mbitWords(guaranteeBits)}`;
}

export function delayCell({ delayUs, targetUs }: Row): string {
  return `${delayWords(delayUs)} / ${targetUs === null ? "–" : delayWords(targetUs)}`;
}

export const isLate = ({ delayUs, targetUs }: Row): boolean =>
  targetUs !== null && (delayUs === null || delayUs > targetUs);

/** "12 s", "3 min", "2 h". */
export function spanWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

export const partName = ({ pod, pods }: Pick<Part, "pod" | "pods">): string =>
  pod ?? `${pods} others`;

const mostNamed = 3;

function borrowersWords(parts: readonly Part[]): string {
  const borrowers = parts
    .filter(({ borrowedBits }) => borrowedBits >= 1_000)
    .toSorted((a, b) => b.borrowedBits - a.borrowedBits);
  if (borrowers.length === 0) return "";
  const named = borrowers
    .slice(0, mostNamed)
    .map((part) => `${partName(part)} ${mbitWords(part.borrowedBits)}`);
  const more = borrowers.length - named.length;
  return ` (${[...named, ...(more > 0 ? [`${more} more`] : [])].join(", ")})`;
}

/** What the two lanes of a band show, for whoever cannot see them. */
export function treeWords(tree: TreeShown): { promised: string; carried: string } {
  const { promisedBits, reserveBits, leftBits, withinBits, borrowedBits, hostRateBits } = tree;
  const left =
    leftBits < 0
      ? `${mbitWords(-leftBits)} more than there is`
      : `${mbitWords(leftBits)} can still be promised`;
  const host = hostRateBits === null ? "" : `, ${mbitWords(hostRateBits)} by the node itself`;
  return {
    promised: `${mbitWords(promisedBits)} to pods, ${mbitWords(reserveBits)} in reserve, ${left}`,
    carried: `${mbitWords(withinBits)} within guarantees, ${mbitWords(borrowedBits)} borrowed${borrowersWords(tree.parts)}${host}`,
  };
}

export const directionWords = {
  egress: "Egress, from the pods",
  ingress: "Ingress, to the pods",
} as const;
