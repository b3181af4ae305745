/** The steps that lead from one state to another. Nothing here looks at a node: both states are arguments. */
import { containerIn, isImpliedBy, parentClass, rank } from "./containment.ts";
import { differences } from "./differences.ts";
import { madeAnew } from "./leaf-queue.ts";
import { noHandle } from "./root.ts";
import {
  type Entry,
  type KernelObject,
  keyOf,
  type Owner,
  type Qdisc,
  type State,
  titleOf,
} from "./state.ts";

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

/** Whether the two are the same qdisc, which may differ only in its settings. */
function sameQdisc(a: Qdisc, b: Qdisc): boolean {
  return a.spec.type === b.spec.type && a.handle === b.handle;
}

/**
 * Whether the settings differ in a way that no command changes in place. Then the object is deleted and made
 * again.
 */
function needsReplacement(want: KernelObject, have: KernelObject): boolean {
  if (want.kind === "veth" || want.kind === "route" || want.kind === "element") return true;
  if (want.kind === "class" && have.kind === "class") return want.parent !== have.parent;
  if (want.kind !== "qdisc" || have.kind !== "qdisc") return false;
  // HTB cannot change the settings it was made with.
  if (sameQdisc(want, have)) return want.spec.type === "htb" || madeAnew(want.spec, have.spec);
  // What the kernel attached by itself can be replaced, but not deleted. `tc qdisc replace` refuses another
  // kind under the same handle, and `change` refuses another handle. The kernel's default at the root is
  // replaced in one step, so traffic never meets a gap.
  return want.parent !== "root" && have.handle !== noHandle;
}

/**
 * Whether no step deletes the object. That holds for what was announced, for queues of the kernel and of
 * other people, and for settings of the whole node.
 */
function stays(object: KernelObject): boolean {
  if (object.kind === "announcement") return true;
  if (object.kind === "sysctl" || object.kind === "ipv6setting" || object.kind === "hostlink")
    return true;
  // The kernel deletes it together with its address.
  if (object.kind === "kernelroute") return true;
  if (object.kind !== "qdisc") return false;
  const { spec } = object;
  return (
    spec.type === "foreign" || spec.type === "default" || (spec.type === "clsact" && spec.shared)
  );
}

const isForeign = (object: KernelObject): object is Qdisc =>
  object.kind === "qdisc" && object.spec.type === "foreign";

interface Removal {
  entry: Entry;
  why: string;
}

function differenceText(want: KernelObject, have: KernelObject): string | null {
  const found = differences(want, have);
  return found.length === 0 ? null : `${titleOf(want)}: ${found.join(", ")}`;
}

/**
 * The objects that have to be deleted: what nobody wants, what cannot be changed into what is wanted, and the
 * classes below those.
 */
function removals(desired: State, observed: State): Map<string, Removal> {
  const found = new Map<string, Removal>();
  for (const [key, entry] of observed) {
    const want = desired.get(key);
    if (want === undefined) {
      if (!stays(entry.object))
        found.set(key, { entry, why: `${titleOf(entry.object)} is nobody's` });
      continue;
    }
    if (isForeign(entry.object) || !needsReplacement(want.object, entry.object)) continue;
    const why = differenceText(want.object, entry.object);
    if (why !== null) found.set(key, { entry: { ...entry, owner: want.owner }, why });
  }
  for (const [key, entry] of observed) {
    const { object } = entry;
    for (let above = classAbove(object, observed); above; above = classAbove(above, observed)) {
      const removal = found.get(keyOf(above));
      // HTB deletes no class that has another below it.
      if (removal !== undefined && !found.has(key)) found.set(key, { entry, why: removal.why });
    }
  }
  return found;
}

const classAbove = (object: KernelObject, state: State): KernelObject | null =>
  object.kind === "class" ? parentClass(object, state) : null;

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
  // Where the kernel attached something by itself, ours is created in its place, not changed.
  if (object.kind === "qdisc" && have.kind === "qdisc" && !sameQdisc(object, have))
    return [{ op: "create", owner, want: object, have: null, why }];
  return [{ op: "change", owner, want: object, have, why }];
}

/**
 * The steps from `observed` to `desired`. `observed` holds only what is ours, or what is in our place.
 *
 * Deletions come first, and from the inside out, because a leftover may hold what is needed next: a handle,
 * an interface's name, the place of a queue. Routes and elements are deleted just before others come in their
 * place: that is one execution, and with nft one transaction. (An interval set refuses an element that
 * overlaps one which is still there.) The table is deleted last, because nobody can read its text back.
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
    const { kind } = step.have;
    const at = rank(step.have, observed);
    return kind === "route" || kind === "element" || kind === "ruleset" ? at - 0.5 : -at;
  };
  const isImplied = ({ op, want }: Step): boolean =>
    op === "create" && want.kind === "kernelroute" && isImpliedBy(want, steps);
  const ordered = [...deletions, ...steps.filter((step) => !isImplied(step))]
    .map((step): [number, Step] => [place(step), step])
    .sort(([a], [b]) => a - b)
    .map(([, step]) => step);
  return { steps: ordered, conflicts };
}
