/** What a look found, as one names it in words and knows it again. */
import { findings } from "../node/verbs/check.ts";
import { differences, type Plan, type Step } from "../plan/diff.ts";
import { keyOf } from "../plan/state.ts";

export interface Found {
  /** It is the same when the same thing differs again, whatever the value is then. */
  key: string;
  /** The kind of kernel object. */
  kind: string;
  /** In words, with the values. */
  what: string;
}

/** The name of a difference: "mtuBytes" of "mtuBytes is 1400, should be 1500". */
const nameOf = (difference: string): string => difference.split(" is ", 1)[0] ?? difference;

function keyOfStep(step: Step): string {
  if (step.op !== "change") return `${step.op} ${keyOf(step.want ?? step.have)}`;
  const names = differences(step.want, step.have).map(nameOf);
  return `change ${keyOf(step.want)} ${names.join(" ")}`;
}

/** Conflicts come first. */
export const foundIn = ({ steps, conflicts }: Plan): Found[] => [
  ...conflicts.map((conflict) => ({
    key: `conflict ${keyOf(conflict.want)}`,
    kind: conflict.want.kind,
    what: findings({ steps: [], conflicts: [conflict] }).join("; "),
  })),
  ...steps.map((step) => ({
    key: keyOfStep(step),
    kind: (step.want ?? step.have).kind,
    what: step.why,
  })),
];

/** What was found both times. */
export function lasting(first: readonly Found[], second: readonly Found[]): Found[] {
  const before = new Set(first.map(({ key }) => key));
  return second.filter(({ key }) => before.has(key));
}

/** Each in words, once. */
export const wordsOf = (found: readonly Found[]): string[] => [
  ...new Set(found.map(({ what }) => what)),
];
