/**
 * The observed state of what a desired state names, and of nothing else, so that one pod's verb does not read
 * the whole node.
 */
import { type Entry, type State, stateOf } from "../plan/state.ts";
import { kernelKindOf, kernelKinds } from "./kinds/registry.ts";
import { Look } from "./look.ts";

function preload(look: Look, desired: State): void {
  const objects = [...desired.values()].map(({ object }) => object);
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  for (const kind of kernelKinds) {
    const wanted = byKind.get(kind) ?? [];
    const [first] = wanted;
    if (first !== undefined) kernelKindOf(first).preload?.(look, wanted);
  }
}

export function lookUp(look: Look, desired: State): Entry[] {
  preload(look, desired);
  return [...desired.values()].flatMap(({ owner, object }) => {
    const found = kernelKindOf(object).observe(look, object);
    return found === null ? [] : [{ owner, object: found }];
  });
}

/** The objects that exist of those that `desired` names. Throws where the kernel cannot tell. */
export function observe(desired: State): State {
  using look = new Look();
  return stateOf(lookUp(look, desired));
}
