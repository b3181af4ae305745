/** The way back. */
import { containerIn, rank } from "./containment.ts";
import type { Step } from "./diff.ts";
import { type KernelObject, stateOf } from "./state.ts";

/**
 * Whether an object that was seen can be made again. The far end of a pair that was not where it
 * should be was not seen, nor the text of rules and sets; and what the kernel attaches by itself comes by itself.
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

/** What undoes a step that was done. Nothing, where what was there before cannot be made again. */
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

/** Without the deletions that others bring with them. */
function withoutImplied(steps: Step[]): Step[] {
  const goesWith = containerIn(steps.flatMap((step) => (step.op === "delete" ? [step.have] : [])));
  return steps.filter((step) => step.op !== "delete" || goesWith(step.have) === null);
}

/** The steps that take back what was done, last first. */
export function undo(done: Step[]): Step[] {
  return withoutImplied(done.toReversed().flatMap(inverse));
}
