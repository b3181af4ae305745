/**
 * How objects depend on each other: which must exist before which, and which the kernel deletes together with
 * which.
 */
import { kindOf, orderOfMaking } from "./kinds/registry.ts";
import { type KernelObject, keyOf, type State } from "./state.ts";

/** The object of this state that has to be made before this one. null means that there is none. */
export function above(object: KernelObject, state: State): KernelObject | null {
  const key = kindOf(object).above?.(object);
  return (key === undefined ? undefined : state.get(key)?.object) ?? null;
}

function ancestors(object: KernelObject, state: State): number {
  const next = above(object, state);
  return next === null ? 0 : 1 + ancestors(next, state);
}

/** The place of an object of `state` in the order of making. */
export function rank(object: KernelObject, state: State): number {
  const depth = kindOf(object).depth?.(object) ?? 0;
  return orderOfMaking.indexOf(object.kind) * 100 + depth + ancestors(object, state);
}

/** For each object, the first of `containers` that it is deleted with. null means none. */
export function containerIn(
  containers: Iterable<KernelObject>,
): (object: KernelObject) => KernelObject | null {
  const byKey = new Map<string, KernelObject>();
  for (const container of containers)
    for (const key of [keyOf(container), ...(kindOf(container).containerKeys?.(container) ?? [])])
      byKey.set(key, container);
  return (object) => {
    for (const key of kindOf(object).containers?.(object) ?? []) {
      const container = byKey.get(key);
      if (container !== undefined) return container;
    }
    return null;
  };
}
