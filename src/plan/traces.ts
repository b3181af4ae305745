/** Finds the addresses that nobody has any more once the steps are done. */
import type { Step } from "./diff.ts";
import { classMap } from "./names.ts";

const maps = new Set<string>(Object.values(classMap));

/** Every pod has an element for each of its addresses. An element that is put back is deleted first. */
export function addressesGone(steps: readonly Step[]): string[] {
  const keysOf = (object: Step["want"]): string[] =>
    object?.kind === "element" && maps.has(object.set) ? [object.key] : [];
  const made = new Set(steps.flatMap(({ want }) => keysOf(want)));
  const gone = steps.flatMap((step) => (step.op === "delete" ? keysOf(step.have) : []));
  return gone.filter((address) => !made.has(address));
}
