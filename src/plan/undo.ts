/** Makes the steps that take other steps back. */
import { containerIn, rank } from "./containment.ts";
import type { Step } from "./diff.ts";
import { type KernelObject, stateOf } from "./state.ts";

/**
 * Whether an observed object can be made again. This is not possible for a pair whose far end was not where
 * it should be, since that end was not seen, and for rules and sets whose text was not seen. What the kernel
 * attaches by itself needs nobody to make it.
 */
function canBeMade(object: KernelObject): boolean {
  switch (object.kind) {
    case "veth":
      return object.netns.startsWith("/");
    case "ruleset":
      return (
        object.sets.every(({ spec }) => spec !== "") &&
        object.chains.every(({ rules }) => rules.every(({ text }) => text !== ""))
      );
    case "qdisc":
      return object.spec.type !== "default" && object.spec.type !== "foreign";
    default:
      return true;
  }
}

/** The steps that undo a step. The list is empty where what was there before cannot be made again. */
export function inverse(step: Step): Step[] {
  const { owner } = step;
  const why = "rolled back";
  switch (step.op) {
    case "create":
      return [{ op: "delete", owner, want: null, have: step.want, takes: [], why }];
    case "change":
      return canBeMade(step.have)
        ? [{ op: "change", owner, want: step.have, have: step.want, why }]
        : [];
    case "delete": {
      if (!canBeMade(step.have)) return [];
      const taken = stateOf(step.takes);
      const inside = step.takes.toSorted((a, b) => rank(a.object, taken) - rank(b.object, taken));
      return [{ owner, object: step.have }, ...inside]
        .filter(({ object }) => canBeMade(object))
        .map(({ owner, object }) => ({ op: "create", owner, want: object, have: null, why }));
    }
  }
}

/** Leaves out the deletions that the kernel does together with others. */
function withoutImplied(steps: Step[]): Step[] {
  const goesWith = containerIn(steps.flatMap((step) => (step.op === "delete" ? [step.have] : [])));
  return steps.filter((step) => step.op !== "delete" || goesWith(step.have) === null);
}

/** The steps that take back what was done, the last one first. */
export function undo(done: Step[]): Step[] {
  return withoutImplied(done.toReversed().flatMap(inverse));
}
