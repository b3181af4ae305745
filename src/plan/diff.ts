/** The steps that lead from one state to another. Nothing here looks at a node: both states are arguments. */
import { above, containerIn, rank } from "./containment.ts";
import type { Qdisc } from "./kinds/qdisc.ts";
import { kindOf } from "./kinds/registry.ts";
import { type Entry, type KernelObject, keyOf, type Owner, type State, titleOf } from "./state.ts";

export type Step = { owner: Owner; why: string } & (
  | { op: "create"; want: KernelObject; have: null }
  | { op: "change"; want: KernelObject; have: KernelObject }
  /**
   * `takes` lists the observed objects that the kernel deletes together with this one. They get no step of
   * their own.
   */
  | { op: "delete"; want: null; have: KernelObject; takes: Entry[] }
);

/** An object of somebody else's that is in our place. No step can resolve that. */
export interface Conflict {
  owner: Owner;
  want: KernelObject;
  have: Qdisc;
}

export interface Plan {
  steps: Step[];
  conflicts: Conflict[];
}

/** Only a qdisc is ever somebody else's. */
const isForeign = (object: KernelObject): object is Qdisc =>
  kindOf(object).isForeign?.(object) ?? false;

/** The differences in words. The list is empty when there are none. */
export function differences(want: KernelObject, have: KernelObject): string[] {
  if (want.kind !== have.kind) throw new TypeError(`${want.kind} compared with ${have.kind}`);
  return kindOf(want).differ(want, have);
}

interface Removal {
  entry: Entry;
  why: string;
}

function differenceText(want: KernelObject, have: KernelObject): string | null {
  const found = differences(want, have);
  return found.length === 0 ? null : `${titleOf(want)}: ${found.join(", ")}`;
}

/**
 * The objects that have to be deleted: what nobody wants, what cannot be changed into what is wanted, and what
 * cannot be left below those.
 */
function removals(desired: State, observed: State): Map<string, Removal> {
  const found = new Map<string, Removal>();
  for (const [key, entry] of observed) {
    const want = desired.get(key);
    if (want === undefined) {
      if (kindOf(entry.object).stays?.(entry.object) !== true)
        found.set(key, { entry, why: `${titleOf(entry.object)} is nobody's` });
      continue;
    }
    const isReplaced = kindOf(want.object).isReplaced?.(want.object, entry.object) ?? false;
    if (isForeign(entry.object) || !isReplaced) continue;
    const why = differenceText(want.object, entry.object);
    if (why !== null) found.set(key, { entry: { ...entry, owner: want.owner }, why });
  }
  for (const [key, entry] of observed) {
    const { object } = entry;
    for (let next = above(object, observed); next !== null; next = above(next, observed)) {
      const removal = found.get(keyOf(next));
      if (removal !== undefined && !found.has(key)) found.set(key, { entry, why: removal.why });
    }
  }
  return found;
}

interface Cleared {
  deletions: Step[];
  /** What is left after the deletions. */
  left: State;
  /** For each deleted object, by key, the reason why. */
  reasons: Map<string, string>;
}

/** Takes everything that has to be deleted out of `observed`. */
function clear(desired: State, observed: State): Cleared {
  const removed = removals(desired, observed);
  const goesWith = containerIn([...removed.values()].map(({ entry }) => entry.object));
  const deletions = new Map<string, Step & { op: "delete" }>();
  for (const [key, { entry, why }] of removed)
    if (goesWith(entry.object) === null)
      deletions.set(key, {
        op: "delete",
        owner: entry.owner,
        want: null,
        have: entry.object,
        takes: [],
        why,
      });
  const left: State = new Map();
  const reasons = new Map<string, string>();
  for (const [key, entry] of observed) {
    const container = goesWith(entry.object);
    const deletion = deletions.get(container === null ? key : keyOf(container));
    if (deletion === undefined) {
      left.set(key, entry);
      continue;
    }
    if (container !== null) deletion.takes.push(entry);
    reasons.set(key, deletion.why);
  }
  return { deletions: [...deletions.values()], left, reasons };
}

function compare({ owner, object }: Entry, have: KernelObject | undefined): Step[] {
  if (have === undefined)
    return [
      { op: "create", owner, want: object, have: null, why: `${titleOf(object)} is missing` },
    ];
  const why = differenceText(object, have);
  if (why === null) return [];
  return kindOf(object).isSupplanted?.(object, have)
    ? [{ op: "create", owner, want: object, have: null, why }]
    : [{ op: "change", owner, want: object, have, why }];
}

/**
 * The steps from `observed` to `desired`. `observed` holds only what is ours, or what is in our place.
 *
 * Deletions come first, and from the inside out, because a leftover may hold what is needed next: a handle,
 * an interface's name, the place of a queue. Routes and elements are deleted just before others come in their
 * place, which is one execution.
 */
export function diff(desired: State, observed: State): Plan {
  const { deletions, left, reasons } = clear(desired, observed);
  const conflicts: Conflict[] = [];
  const steps: Step[] = [];
  for (const [key, want] of desired) {
    const have = left.get(key)?.object;
    if (have !== undefined && isForeign(have))
      conflicts.push({ owner: want.owner, want: want.object, have });
    else
      for (const step of compare(want, have))
        steps.push({ ...step, why: reasons.get(key) ?? step.why });
  }
  const place = (step: Step): number => {
    if (step.op !== "delete") return rank(step.want, desired);
    const at = rank(step.have, observed);
    return kindOf(step.have).isDeletedInPlace ? at - 0.5 : -at;
  };
  const brought = steps.flatMap(({ want, have }) =>
    want === null ? [] : (kindOf(want).brings?.(want, have) ?? []),
  );
  const isBrought = ({ op, want }: Step): boolean =>
    op === "create" && brought.some((by) => kindOf(want).isBrought?.(want, by) ?? false);
  const ordered = [...deletions, ...steps.filter((step) => !isBrought(step))]
    .map((step): [number, Step] => [place(step), step])
    .sort(([a], [b]) => a - b)
    .map(([, step]) => step);
  return { steps: ordered, conflicts };
}
