/**
 * What stands between two states, as steps. Nothing here looks at a node: both states are arguments.
 */
import { fqCodelDifferences, fqCodelNeedsReplacement } from "./leaf-queue.ts";
import {
  type Entry,
  type KernelObject,
  keyOf,
  type ObjectKind,
  type Owner,
  type Qdisc,
  type State,
  titleOf,
} from "./state.ts";
import { sameTicks } from "./units.ts";

export type Step = { owner: Owner; why: string } & (
  | { op: "create"; want: KernelObject; have: null }
  | { op: "change"; want: KernelObject; have: KernelObject }
  | { op: "delete"; want: null; have: KernelObject }
);

/** What is in a place of ours and belongs to somebody else: no step leads past it. */
export interface Conflict {
  owner: Owner;
  want: KernelObject;
  have: Qdisc;
}

export interface Plan {
  steps: Step[];
  conflicts: Conflict[];
}

/** What must be there before what: a tree before a leaf, a pair before its addresses, a map before its element. */
const order: ObjectKind[] = [
  "bridge",
  "sysctl",
  "veth",
  "port",
  "podlink",
  "address",
  "route",
  "qdisc",
  "class",
  "ruleset",
  "element",
];

/** Among qdiscs and classes: the root, the HTB, its root class, then each leaf and the queue below it. */
function depth(object: KernelObject): number {
  if (object.kind === "qdisc") {
    if (object.parent === "root") return 0;
    return object.spec.type === "htb" ? 1 : 4;
  }
  if (object.kind === "class") return object.parent === "root" ? 2 : 3;
  return 0;
}

function rank(object: KernelObject): number {
  // Both kinds of a tree interleave by depth.
  const kind = object.kind === "class" ? "qdisc" : object.kind;
  return order.indexOf(kind) * 10 + depth(object);
}

/** The thing that an object vanishes with: the kernel deletes it then, so no step has to. */
function containerOf(object: KernelObject): string | null {
  switch (object.kind) {
    case "qdisc":
      return object.parent === "root"
        ? `bridge ${object.dev}`
        : `class ${object.dev} ${object.parent}`;
    case "port":
      return `veth ${object.name}`;
    case "podlink":
      return `end ${object.netns} ${object.name}`;
    case "address":
    case "route":
      return `end ${object.netns} ${object.dev}`;
    default:
      return null;
  }
}

function contains(object: KernelObject): string[] {
  return object.kind === "veth"
    ? [keyOf(object), `end ${object.netns} ${object.ifname}`]
    : [keyOf(object)];
}

/** Without the deletions that others bring with them. */
export function withoutImplied(steps: Step[]): Step[] {
  const gone = new Set(steps.flatMap((step) => (step.op === "delete" ? contains(step.have) : [])));
  return steps.filter((step) => {
    const container = step.op === "delete" ? containerOf(step.have) : null;
    return container === null || !gone.has(container);
  });
}

const shown = (value: unknown): string => (value === null ? "none" : String(value));

/** What differs, in words. Empty: nothing. Absent fields were not asked for. */
export function differences(want: KernelObject, have: KernelObject): string[] {
  const found: string[] = [];
  const note = (name: string, a: unknown, b: unknown): void => {
    if (a !== b) found.push(`${name} is ${shown(b)}, should be ${shown(a)}`);
  };
  const ticks = (name: string, a: number, b: number): void => {
    if (!sameTicks(a, b)) found.push(`${name} is ${b} ticks, should be ${a}`);
  };
  const fields = <T extends object>(a: T, b: T, listed: (keyof T & string)[]): void => {
    for (const name of listed) note(name, a[name], b[name]);
  };
  if (want.kind !== have.kind) throw new TypeError(`${want.kind} compared with ${have.kind}`);
  switch (want.kind) {
    case "sysctl":
      fields(want, have as typeof want, ["value"]);
      break;
    case "bridge":
      fields(want, have as typeof want, ["mac", "mtuBytes", "up"]);
      break;
    case "veth":
      fields(want, have as typeof want, ["netns", "ifname"]);
      break;
    case "port":
      fields(want, have as typeof want, ["mac", "mtuBytes", "bridge", "hairpin", "up"]);
      break;
    case "podlink":
      fields(want, have as typeof want, ["mac", "mtuBytes", "gsoMaxBytes", "up"]);
      break;
    case "route":
      fields(want, have as typeof want, ["dev", "gw"]);
      break;
    case "element":
      fields(want, have as typeof want, ["value"]);
      break;
    case "address":
      break;
    case "class": {
      const b = have as typeof want;
      fields(want, b, ["parent", "rateBytes", "ceilBytes", "quantumBytes", "prio"]);
      ticks("burst", want.burstTicks, b.burstTicks);
      ticks("cburst", want.cburstTicks, b.cburstTicks);
      break;
    }
    case "qdisc":
      found.push(...qdiscDifferences(want, have as typeof want));
      break;
    case "ruleset": {
      const b = have as typeof want;
      note("sets", want.sets.map((s) => s.name).join(" "), b.sets.map((s) => s.name).join(" "));
      for (const chain of want.chains) {
        const there = b.chains.find((c) => c.name === chain.name);
        if (there === undefined) {
          found.push(`chain ${chain.name} is missing`);
          continue;
        }
        fields(chain, there, ["type", "hook", "priority"]);
        note(
          `rules of chain ${chain.name}`,
          chain.rules.map((r) => r.id).join(", "),
          there.rules.map((r) => r.id).join(", "),
        );
      }
      break;
    }
  }
  return found;
}

function qdiscDifferences(want: Qdisc, have: Qdisc): string[] {
  const a = want.spec;
  const b = have.spec;
  const found: string[] = [];
  if (a.type !== b.type) {
    const name = b.type === "default" || b.type === "foreign" ? b.name : b.type;
    return [`is ${name}, should be ${a.type}`];
  }
  if (want.handle !== have.handle) found.push(`handle is ${have.handle}, should be ${want.handle}`);
  if (a.type === "tbf" && b.type === "tbf") {
    if (a.rateBytes !== b.rateBytes)
      found.push(`rate is ${b.rateBytes} B/s, should be ${a.rateBytes}`);
    if (!sameTicks(a.burstTicks, b.burstTicks))
      found.push(`burst is ${b.burstTicks} ticks, should be ${a.burstTicks}`);
  }
  if (a.type === "htb" && b.type === "htb" && a.defaultMinor !== b.defaultMinor)
    found.push(`default class is ${b.defaultMinor}, should be ${a.defaultMinor}`);
  if (a.type === "bfifo" && b.type === "bfifo" && a.limitBytes !== b.limitBytes)
    found.push(`limit is ${b.limitBytes} bytes, should be ${a.limitBytes}`);
  if (a.type === "fq_codel" && b.type === "fq_codel") found.push(...fqCodelDifferences(a, b));
  return found;
}

/** Settings that no command changes in place: the object is made anew. */
function needsReplacement(want: KernelObject, have: KernelObject): boolean {
  if (want.kind === "veth" || want.kind === "route") return true;
  if (want.kind === "element") return true;
  if (want.kind === "qdisc" && have.kind === "qdisc") {
    const [a, b] = [want.spec, have.spec];
    if (a.type === "fq_codel" && b.type === "fq_codel") return fqCodelNeedsReplacement(a, b);
    // HTB cannot change what it was made with.
    if (a.type === b.type) return a.type === "htb";
    // The kernel takes no other kind for the handle that it knows.
    return want.parent !== "root" && want.handle === have.handle;
  }
  if (want.kind === "class" && have.kind === "class") return want.parent !== have.parent;
  return false;
}

function compare(want: Entry, have: Entry | undefined): Step[] {
  const { owner, object } = want;
  if (have === undefined)
    return [
      { op: "create", owner, want: object, have: null, why: `${titleOf(object)} is missing` },
    ];
  const found = differences(object, have.object);
  if (found.length === 0) return [];
  const why = `${titleOf(object)}: ${found.join(", ")}`;
  if (needsReplacement(object, have.object))
    return [
      { op: "delete", owner, want: null, have: have.object, why },
      { op: "create", owner, want: object, have: null, why },
    ];
  // In place of what the kernel attached by itself ours is created, not changed.
  if (
    object.kind === "qdisc" &&
    have.object.kind === "qdisc" &&
    have.object.spec.type !== object.spec.type
  )
    return [{ op: "create", owner, want: object, have: null, why }];
  return [{ op: "change", owner, want: object, have: have.object, why }];
}

/**
 * The steps from `observed` to `desired`. `observed` holds only what is ours, or in our place.
 * What is new comes before what goes; what goes, goes inside out.
 */
export function diff(desired: State, observed: State): Plan {
  const steps: Step[] = [];
  const conflicts: Conflict[] = [];
  for (const [key, want] of desired) {
    const have = observed.get(key);
    if (have?.object.kind === "qdisc" && have.object.spec.type === "foreign")
      conflicts.push({ owner: want.owner, want: want.object, have: have.object });
    else steps.push(...compare(want, have));
  }
  const gone: Step[] = [];
  for (const [key, { owner, object }] of observed) {
    if (desired.has(key)) continue;
    if (
      object.kind === "qdisc" &&
      (object.spec.type === "foreign" || object.spec.type === "default")
    )
      continue;
    gone.push({
      op: "delete",
      owner,
      want: null,
      have: object,
      why: `${titleOf(object)} is nobody's`,
    });
  }
  const last = withoutImplied(gone);
  const byRank = (step: Step): number => rank(step.want ?? step.have);
  // A replacement's delete sorts before its create: stable, and both have one rank.
  steps.sort((a, b) => byRank(a) - byRank(b));
  last.sort((a, b) => byRank(b) - byRank(a));
  return { steps: [...steps, ...last], conflicts };
}

/** What undoes a step that was done. */
export function inverse(step: Step): Step {
  const { owner } = step;
  const why = "rolled back";
  switch (step.op) {
    case "create":
      return { op: "delete", owner, want: null, have: step.want, why };
    case "delete":
      return { op: "create", owner, want: step.have, have: null, why };
    case "change":
      return { op: "change", owner, want: step.have, have: step.want, why };
  }
}
