/** The parts of a node that are reconciled: what is desired of each, and what is looked at for it. */
import { FairwayError } from "../../errors.ts";
import { observe } from "../../kernel/observe.ts";
import { observeBase, observeOurs, observeShared } from "../../kernel/ours.ts";
import { desiredBase, desiredNode, desiredPod, desiredPods, treesOf } from "../../plan/desired.ts";
import type { Conflict, Plan, Step } from "../../plan/diff.ts";
import { clsactParent } from "../../plan/names.ts";
import type { Attachment, NetworkBase } from "../../plan/node.ts";
import { clearing } from "../../plan/root.ts";
import { type Entry, merge, type State } from "../../plan/state.ts";
import { hasInterface } from "../facts/chained.ts";
import { formerGatewaysOf } from "./gateways.ts";
import type { Scope } from "./run.ts";
import type { NodeView } from "./view.ts";

export function refuseConflicts(conflicts: readonly Conflict[]): void {
  const [first] = conflicts;
  if (first === undefined) return;
  const { dev, spec, parent } = first.have;
  const name = "name" in spec ? spec.name : spec.type;
  if (parent === clsactParent)
    throw new FairwayError(
      "foreignQdisc",
      `${dev} has the qdisc ${name}, which is not Fairway's, where the filter has to be that leads to the ingress tree`,
      "two plugins cannot both shape a pod: if the reference `bandwidth` plugin is in the conflist, remove it, Fairway takes its capability",
    );
  throw new FairwayError(
    "foreignQdisc",
    `the root qdisc of ${dev} is ${name}, which is not Fairway's and not the kernel's default`,
    `Fairway needs the root of ${dev} and takes nobody's away: remove it (${clearing(dev, name)}) if nothing needs it, or name another uplink`,
  );
}

/** Throws foreignQdisc. */
export function allSteps({ steps, conflicts }: Plan): Step[] {
  refuseConflicts(conflicts);
  return steps;
}

/** What a class gains by a step. */
const gainBytes = ({ want, have }: Step, of: "rateBytes" | "burstBytes"): number =>
  want?.kind === "class" && have?.kind === "class" ? want[of] - have[of] : 0;

/**
 * What shrinks comes first and what grows last, so that the sum of the rates stays within the capacity at
 * every moment, and that of the bursts within what every target allows.
 */
export function shrinkingFirst(steps: Step[]): Step[] {
  return steps.toSorted(
    (a, b) =>
      gainBytes(a, "rateBytes") - gainBytes(b, "rateBytes") ||
      gainBytes(a, "burstBytes") - gainBytes(b, "burstBytes"),
  );
}

const byGain = (plan: Plan): Step[] => shrinkingFirst(allSteps(plan));

/** What is not there is not made, because an ADD or a DEL is at work on it, or because `repair` makes it. */
const changesOnly = ({ steps }: Plan): Step[] =>
  shrinkingFirst(steps.filter(({ op }) => op === "change"));

/** The part of a state that is so. */
export const only = (state: State, isOfIt: (entry: Entry) => boolean): State =>
  new Map([...state].filter(([, entry]) => isOfIt(entry)));

/** The objects of this state that are there. */
export function thereOf(state: State): State {
  if (state.size === 0) return state;
  const there = observe(state);
  return new Map([...state].filter(([key]) => there.has(key)));
}

/** What all pods share. */
export const base = (view: NodeView): Scope => ({
  desired: () => desiredBase(view.input),
  observed: observeShared,
  steps: allSteps,
});

/** Rules and elements are in one of the two tables. */
const isOfTables = ({ object }: Entry): boolean =>
  object.kind === "ruleset" || object.kind === "element";

/** What all pods share, and what they have in its tables. */
export const shared = (view: NodeView): Scope => ({
  ...base(view),
  desired: () =>
    merge(desiredBase(view.input), only(desiredNode(view.input, view.connectable()), isOfTables)),
});

/**
 * What all pods share, and all that the ready ones have. Of the leftovers only the base's own are in it,
 * because another ADD may be making what looks like one.
 */
export const everybody = (view: NodeView): Scope => ({
  desired: () => desiredNode(view.input, view.connectable()),
  observed: observeBase,
  steps: byGain,
});

/** What all pods share, and what one has of it. */
export const baseAndPod = (view: NodeView, pod: Attachment, network: NetworkBase): Scope => ({
  ...base(view),
  desired: () => merge(desiredBase(view.input), desiredPod(pod, network)),
});

/**
 * The rules, some of which follow the promises of ready pods: what the host itself may receive. A table that
 * is gone is not made here.
 */
export const rules = (view: NodeView): Scope => ({
  desired: () => only(desiredBase(view.input), ({ object }) => object.kind === "ruleset"),
  observed: observe,
  steps: changesOnly,
});

/** Of all that a pod has, only its classes and their queues depend on other pods. */
const isLeaf = ({ object }: Entry): boolean =>
  object.kind === "class" || (object.kind === "qdisc" && object.parent !== clsactParent);

export const leavesOf = (pods: State): State => only(pods, isLeaf);
export const withoutLeaves = (pods: State): State => only(pods, (entry) => !isLeaf(entry));

/** The classes of these attachments, and their queues. */
export const leaves = (view: NodeView, attachments: readonly Attachment[]): Scope => ({
  desired: () => leavesOf(desiredPods(view.networks, attachments)),
  observed: observe,
  steps: changesOnly,
});

/** The classes that follow from the bursts that were chosen, which is less to look at. */
export function bursts(view: NodeView, attachments: readonly Attachment[]): Scope {
  const uplinks = new Set(view.networks.map(({ trees }) => trees.uplink));
  return {
    ...leaves(view, attachments),
    desired: () =>
      only(
        desiredPods(view.networks, attachments),
        ({ object }) => object.kind === "class" && uplinks.has(object.dev),
      ),
  };
}

/** All pods' classes, and the rules that follow the promises. */
export const shares = (view: NodeView): Scope => ({
  ...leaves(view, view.attachments),
  desired: () =>
    merge(leavesOf(desiredPods(view.networks, view.attachments)), rules(view).desired()),
});

/**
 * Another plugin's bridge may go with its last pod, and it comes back with its next. Our tree is made by the
 * ADD that follows.
 */
function withoutGoneBridge(desired: State, { first }: NodeView, pods: Attachment[]): State {
  if (first === null || first.ingress.kind === "ifb" || first.ingress.owned) return desired;
  const { name } = first.ingress;
  if (pods.length > 0 || hasInterface(name)) return desired;
  return only(desired, ({ object }) => !("dev" in object) || object.dev !== name);
}

/**
 * All that a node lacks, and all that it has too much. What an ADD or DEL is at work on is left to that verb:
 * it is neither wanted nor taken for a leftover. The same holds for pods that nothing can be made for, but
 * their classes, where they are there, are kept to what is in force.
 */
export const node = (view: NodeView): Scope => ({
  desired: () => {
    const alive = view.connectable();
    const connected = new Set(alive);
    const cutOff = view.ready.filter((pod) => !connected.has(pod));
    const desired = withoutGoneBridge(desiredNode(view.input, alive), view, alive);
    return merge(desired, thereOf(leavesOf(desiredPods(view.networks, cutOff))));
  },
  observed: (desired) => {
    const { first, input } = view;
    if (first === null) return new Map();
    const devices = treesOf(first.trees, first.ingress, input.hostBits).map(({ dev }) => dev);
    const observed = merge(
      formerGatewaysOf(view.ledger, view.networks),
      observeOurs(desired, first.ingress.name, devices),
    );
    for (const key of desiredNode(input, view.attachments).keys())
      if (!desired.has(key)) observed.delete(key);
    return observed;
  },
  steps: byGain,
});
