/** The base is what all pods of a node share. Whoever comes first makes it, and the others find it. */
import { FairwayError } from "../../errors.ts";
import { applyOrRollBack, refusedByNft } from "../../kernel/apply.ts";
import { observe } from "../../kernel/observe.ts";
import { observeBase, observeOurs, observeShared } from "../../kernel/ours.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { type BaseInput, desiredBase, desiredNode, treesOf } from "../../plan/desired.ts";
import { type Conflict, diff, type Plan, type Step } from "../../plan/diff.ts";
import { guardRuleset } from "../../plan/guard.ts";
import { clsactParent, guardTable } from "../../plan/names.ts";
import type { Attachment, IngressPlace, NetworkBase, Phase } from "../../plan/node.ts";
import { clearing } from "../../plan/root.ts";
import { baseOwner, type KernelObject, merge, type State, stateOf } from "../../plan/state.ts";
import { span } from "../../trace.ts";
import { hasInterface } from "../facts/chained.ts";
import { guardedAlike, hostBits } from "../facts/network.ts";
import { followRules, glance, rememberSeen } from "./base-seen.ts";
import { recordFormer } from "./former.ts";
import {
  formerGateways,
  recordGateways,
  removeFormerGateways,
  withGatewaysInUse,
} from "./gateways.ts";
import { attachmentsInForce, isOvercommitted } from "./in-force.ts";
import { applyToPods, connectable } from "./pods-there.ts";

/** The networks that have pods. On a node without pods, they are those that had some since it booted. */
export function liveNetworks(ledger: LedgerView): NetworkBase[] {
  const known = ledger.networks().filter((n) => n.isOfThisBoot);
  const used = known.filter(({ name }) => ledger.attachments.any(name));
  const live = used.length === 0 && !ledger.attachments.any() ? known : used;
  return withGatewaysInUse(ledger, guardedAlike(live.map((n) => n.base)));
}

/** `attachments` are all attachments of the node, with the promises that are in force. */
export function baseInput(networks: NetworkBase[], attachments: Attachment[]): BaseInput {
  const [first] = networks;
  const promisedIngressBits = attachments
    .filter((a) => a.phase === "ready")
    .reduce((sum, a) => sum + a.promise.ingress.guaranteeBits, 0);
  return { networks, hostBits: first === undefined ? 0 : hostBits(first), promisedIngressBits };
}

/** The same, from what the ledger says now. It reads only sums while nothing is scaled. */
export function baseInputNow(view: LedgerView, networks: NetworkBase[]): BaseInput {
  const [first] = networks;
  if (first === undefined) return baseInput(networks, []);
  if (isOvercommitted(view, first.trees))
    return baseInput(networks, attachmentsInForce(view, networks));
  const { readyIngressBits } = view.attachments.promised();
  return { networks, hostBits: hostBits(first), promisedIngressBits: readyIngressBits };
}

export function refuseConflicts(conflicts: Conflict[]): void {
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

/** Throws badConfig where something that has our names was somebody else's before. */
export function refuseTakenPlaces(view: LedgerView, networks: readonly NetworkBase[]): void {
  const [first] = networks;
  if (first === undefined) return;
  // It is loaded here because it is needed only where a base has to be made, which is once a boot.
  const { placesTaken } = require("./taken-places.ts") as typeof import("./taken-places.ts");
  const taken = placesTaken(view, first.ingress);
  if (taken !== null) throw taken;
}

/**
 * Why the kernel would refuse the table against spoofing that this plan makes; null means that it would take
 * the table, or has it already.
 */
export function guardRefusal({ steps }: Plan): FairwayError | null {
  const made = steps.filter(
    ({ op, want }) => op === "create" && want?.kind === "ruleset" && want.table === guardTable,
  );
  return made.length === 0 ? null : refusedByNft(made);
}

/** The same for this node, whatever is planned for it. */
export function guardRefusalHere(): FairwayError | null {
  const wanted = stateOf([{ owner: baseOwner, object: guardRuleset() }]);
  return guardRefusal(diff(wanted, observe(wanted)));
}

/** Looks at what of this there is, and plans what it lacks. */
function planFor(desired: State): Plan {
  const observed = span("observe", () => observeShared(desired));
  return span("plan", () => diff(desired, observed));
}

/** The plan that makes what the base lacks. */
export const planBase = (input: BaseInput): Plan => planFor(desiredBase(input));

/**
 * The steps for what follows the promises of ready pods, which is what the host itself may receive. A table
 * that is gone is not made here.
 */
export function planTable(input: BaseInput): Step[] {
  const base = desiredBase(input);
  const table = stateOf([...base.values()].filter(({ object }) => object.kind === "ruleset"));
  return diff(table, observe(table)).steps.filter((step) => step.op === "change");
}

/**
 * Another plugin's bridge may go with its last pod, and it comes back with its next. Our tree is made by the
 * ADD that follows.
 */
function withoutGoneBridge(desired: State, ingress: IngressPlace, pods: Attachment[]): State {
  if (ingress.kind === "ifb" || ingress.owned || pods.length > 0) return desired;
  if (hasInterface(ingress.name)) return desired;
  return new Map(
    [...desired].filter(([, { object }]) => !("dev" in object) || object.dev !== ingress.name),
  );
}

/**
 * Plans all that a node lacks, and all that it has too much. What an ADD or DEL is at work on is left to that
 * verb: it is neither wanted nor taken for a leftover. The same holds for pods that are not in `alive`.
 * `over` is what is there without a name of ours, but is known to be ours.
 */
export function planNode(
  input: BaseInput,
  attachments: Attachment[],
  alive = connectable(attachments),
  over: State = new Map(),
): Plan {
  const [first] = input.networks;
  if (first === undefined) return { steps: [], conflicts: [] };
  const desired = withoutGoneBridge(desiredNode(input, alive), first.ingress, alive);
  const devices = treesOf(first.trees, first.ingress, input.hostBits).map((t) => t.dev);
  const observed = merge(over, observeOurs(desired, first.ingress.name, devices));
  const atWork = desiredNode(input, attachments);
  for (const key of atWork.keys()) if (!desired.has(key)) observed.delete(key);
  return diff(desired, observed);
}

/** Whether an object is in one of the two tables: rules and elements are. */
const isOfTables = ({ kind }: KernelObject): boolean => kind === "ruleset" || kind === "element";

const tablesOf = (state: State): State =>
  new Map([...state].filter(([, { object }]) => isOfTables(object)));

/** The plan for the base, and for what the pods have in its tables. */
const planShared = (input: BaseInput, pods: Attachment[]): Plan =>
  planFor(merge(desiredBase(input), tablesOf(desiredNode(input, pods))));

/**
 * Call it inside `exclusively`. It makes what is missing, with all that the ready pods had in it. Of the
 * leftovers it removes only the base's own, because another ADD may be making what looks like one.
 */
function makeMissing(input: BaseInput, attachments: Attachment[]): void {
  applyToPods(attachments, (there) => {
    const desired = desiredNode(input, there);
    return diff(desired, observeBase(desired)).steps;
  });
}

/** The base is made at most so often. A look after each time finds what somebody else took away meanwhile. */
const rounds = 3;

/**
 * First it looks without the lock, since the base is nearly always there. If not, it makes the base under the
 * lock: it looks again before that, and once more after it. So when it returns, it has seen the base whole,
 * with what the ready pods have in its tables. Throws foreignQdisc, what the kernel refuses, and tryAgain
 * where somebody takes the base away as fast as it is made.
 */
export function ensureBase(ledger: Ledger, networks: NetworkBase[]): void {
  const wanted = baseInputNow(ledger, networks);
  const seen = span("glance", () => glance(ledger, wanted));
  if (seen.isWhole) return;
  const first = planShared(wanted, connectable(attachmentsInForce(ledger, networks)));
  refuseConflicts(first.conflicts);
  const isOver = formerGateways(ledger).length > 0;
  if (first.steps.length === 0 && !isOver) {
    rememberSeen(ledger, seen.now);
    return;
  }
  refuseTakenPlaces(ledger, networks);
  // This is a transaction of its own, because a process that dies in the next one has already changed what
  // was there before.
  ledger.exclusively(() => {
    const desired = desiredBase(baseInputNow(ledger, networks));
    recordFormer(ledger, desired);
    recordGateways(ledger, desired, first.steps);
  });
  ledger.exclusively(() => {
    const attachments = attachmentsInForce(ledger, networks);
    const input = baseInput(networks, attachments);
    if (isOver) removeFormerGateways(ledger, input.networks[0]?.ingress.name ?? "");
    for (let round = 0; ; round++) {
      const { now } = glance(ledger, input);
      const missing = planShared(input, connectable(attachments));
      refuseConflicts(missing.conflicts);
      if (missing.steps.length === 0) {
        rememberSeen(ledger, now);
        return;
      }
      if (round === rounds) throw takenAway(missing);
      makeMissing(input, attachments);
    }
  });
}

function takenAway({ steps }: Plan): FairwayError {
  const [first] = steps;
  return new FairwayError(
    "tryAgain",
    `what all pods share was made ${rounds} times, and each time somebody took it away or changed it: ${first?.why ?? ""}${steps.length > 1 ? `, and ${steps.length - 1} more` : ""}`,
    "find out who does (`nft monitor`, `ip monitor all`; a firewall that flushes all tables when it reloads), then try again",
  );
}

/**
 * Call it inside `exclusively`. It puts an attachment into a phase, and changes the part of the base that
 * follows the promises of ready pods, so that nobody who holds the lock sees one without the other.
 */
export function setPhase(ledger: Ledger, attachment: Attachment, phase: Phase): void {
  ledger.attachments.setPhase(attachment, phase);
  if (attachment.promise.ingress.guaranteeBits === 0) return;
  const input = baseInputNow(ledger, liveNetworks(ledger));
  const steps = planTable(input);
  if (steps.length > 0) followRules(ledger, input, () => void applyOrRollBack(steps));
}
