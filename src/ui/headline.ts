/** The page's first sentence: is every promise kept? It changes when the answer does, and not with each figure. Pure. */
import type { Live, LiveClass, Verdict } from "../metrics/live.ts";

export interface Headline {
  mood: "good" | "open" | "bad";
  text: string;
}

const guarantees = (count: number): string => `${count} guarantee${count === 1 ? "" : "s"}`;

const titleOf = ({ pod, direction }: LiveClass): string => `${pod} (${direction})`;

const why = (worst: LiveClass): string =>
  worst.verdict === "missing"
    ? `${titleOf(worst)} has no class in the kernel.`
    : `${titleOf(worst)} gets less than its guarantee while its packets wait.`;

export function headlineOf({ trees, classes }: Live): Headline {
  if (trees.length === 0)
    return { mood: "open", text: "No pod was added on this node since it was booted." };
  const of = (verdict: Verdict): LiveClass[] => classes.filter((each) => each.verdict === verdict);
  const [missing, missed, waiting] = [of("missing"), of("missed"), of("waiting")];
  const [worst] = [...missing, ...missed];
  const judged = classes.length - of("bestEffort").length;
  if (worst !== undefined) {
    const broken = missing.length + missed.length;
    return {
      mood: "bad",
      text: `Not kept: ${broken} of ${guarantees(judged)}. ${why(worst)}`,
    };
  }
  const over = trees.find(({ leftBits }) => leftBits < 0);
  if (over !== undefined)
    return {
      mood: "bad",
      text: `More is promised on ${over.direction} than there is: guarantees are scaled, or the capacity has shrunk.`,
    };
  if (judged === 0) return { mood: "good", text: "No pod on this node has a guarantee." };
  if (waiting.length > 0)
    return {
      mood: "open",
      text: `Not all can be told yet: packets wait at ${waiting.length} of ${guarantees(judged)}.`,
    };
  return { mood: "good", text: `Every promise is kept: ${guarantees(judged)} on this node.` };
}
