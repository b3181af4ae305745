/** Makes the steps that take other steps back. */
import { containerIn, rank } from "./containment.ts";
import type { Step } from "./diff.ts";
import { kindOf } from "./kinds/registry.ts";
import { type KernelObject, stateOf } from "./state.ts";

const canBeMade = (object: KernelObject): boolean => kindOf(object).canBeMade?.(object) ?? true;

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
