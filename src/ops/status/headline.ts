/** Says in one sentence whether every promise is kept, and on what evidence. Pure. */
import type { ClassRow, Verdict } from "./class-rows.ts";
import type { NodeStatus } from "./model.ts";
import { promiseWords } from "./words.ts";

export interface Headline {
  mood: "good" | "open" | "bad";
  text: string;
}

const guarantees = (count: number): string => `${count} guarantee${count === 1 ? "" : "s"}`;

/** Says what is wrong with the worst one. */
function worstWords({ name, direction, status: { kernel, measured } }: ClassRow): string {
  const what = kernel === null ? "it has no class in the kernel" : "";
  const measure = measured?.known ? promiseWords(measured.promise) : "";
  return `${name} ${direction}: ${what || measure}`;
}

function promisesWords(rows: readonly ClassRow[], seconds: number | null): Headline {
  const of = (...verdicts: Verdict[]): ClassRow[] =>
    rows.filter(({ verdict }) => verdicts.includes(verdict));
  const broken = of("missing", "below");
  const [worst] = [...of("missing"), ...broken];
  const open = of("unknown", "tooShort").length;
  const [kept, idle] = [of("kept").length, of("noDemand").length];
  const judged = rows.length - of("bestEffort").length;
  const looked = seconds === null ? "" : ` in ${Number(seconds.toFixed(2))} s`;
  if (worst !== undefined)
    return {
      mood: "bad",
      text: `NOT KEPT: ${broken.length} of ${guarantees(judged)}${looked}. ${worstWords(worst)}.`,
    };
  if (judged === 0) return { mood: "good", text: "No pod shown here has a guarantee." };
  if (seconds === null)
    return {
      mood: "open",
      text: `Not measured: ${guarantees(judged)} promised, each with its class in the kernel.`,
    };
  if (open > 0)
    return {
      mood: "open",
      text: `Not all can be told: ${open} of ${guarantees(judged)} unclear${looked}; ${kept} kept, ${idle} without demand.`,
    };
  return {
    mood: "good",
    text: `Every promise is kept: of ${guarantees(judged)}${looked}, ${kept} kept, ${idle} without demand.`,
  };
}

/** What is wrong with the node as a whole; it is told in whole below. */
function nodeWords({ drift, shortfalls }: NodeStatus): string[] {
  const words: string[] = [];
  if (drift.length > 0) words.push(`The kernel differs from the ledger (${drift.length}, below).`);
  if (shortfalls.length > 0) words.push(`Promises that no longer fit: ${shortfalls.length}.`);
  return words;
}

export function headlineOf(status: NodeStatus, rows: readonly ClassRow[]): Headline {
  if (status.trees.length === 0)
    return {
      mood: "open",
      text: "no network yet: no pod was added on this node since it was booted",
    };
  const promises = promisesWords(rows, status.intervalSeconds);
  const node = nodeWords(status);
  return {
    mood: node.length > 0 ? "bad" : promises.mood,
    text: [promises.text, ...node].join(" "),
  };
}
