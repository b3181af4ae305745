/** The base is what all pods of a node share. Whoever comes first makes it, and the others find it. */
import { FairwayError } from "../../errors.ts";
import { refusedByTables } from "../../kernel/apply.ts";
import { observe } from "../../kernel/observe.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { desiredBase } from "../../plan/desired.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import { guardRuleset } from "../../plan/guard.ts";
import { guardTable } from "../../plan/names.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { baseOwner, stateOf } from "../../plan/state.ts";
import { span } from "../../trace.ts";
import { recordFormer } from "./former.ts";
import { formerGateways, recordGateways, removeFormerGateways } from "./gateways.ts";
import { glance, rememberSeen } from "./glance.ts";
import { exclusively } from "./locked.ts";
import { look, reconcile, required, rounds, stepsOf } from "./run.ts";
import { allSteps, everybody, shared } from "./scopes.ts";
import { NodeView } from "./view.ts";

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
  return made.length === 0 ? null : refusedByTables(made);
}

/** The same for this node, whatever is planned for it. */
export function guardRefusalHere(): FairwayError | null {
  const wanted = stateOf([{ owner: baseOwner, object: guardRuleset() }]);
  return guardRefusal(look({ desired: () => wanted, observed: observe, steps: allSteps }));
}

const isShared = ({ owner, want, have }: Step): boolean =>
  owner === baseOwner || (want ?? have)?.kind === "element";

/**
 * First it looks without the lock, since the base is nearly always there. If not, it makes the base under the
 * lock: it looks again before that, and once more after it. So when it returns, it has seen the base whole,
 * with what the ready pods have in its tables. Throws foreignQdisc, what the kernel refuses, and tryAgain
 * where somebody takes the base away as fast as it is made.
 */
export function ensureBase(ledger: Ledger): void {
  const first = new NodeView(ledger);
  const seen = span("glance", () => glance(ledger, first.input));
  if (seen.isWhole) return;
  const missing = stepsOf(shared(first));
  const isOver = formerGateways(ledger).length > 0;
  if (missing.length === 0 && !isOver) {
    rememberSeen(ledger, seen.now);
    return;
  }
  refuseTakenPlaces(ledger, first.networks);
  // This is a transaction of its own, because a process that dies in the next one has already changed what
  // was there before.
  ledger.exclusively(() => {
    const desired = desiredBase(new NodeView(ledger).input);
    recordFormer(ledger, desired);
    recordGateways(ledger, desired, missing);
  });
  exclusively(ledger, (lock) => {
    const view = new NodeView(ledger);
    if (isOver) removeFormerGateways(lock, view.first?.ingress.name ?? "");
    const scope = everybody(view);
    let { now } = seen;
    const observed: typeof scope.observed = (desired) => {
      ({ now } = glance(ledger, view.input));
      return scope.observed(desired);
    };
    const outcome = reconcile({ ...scope, observed }, { untilAtRest: true, lock });
    required(outcome);
    const left = outcome.left.filter(isShared);
    if (left.length > 0) throw takenAway(left);
    rememberSeen(ledger, now);
  });
}

function takenAway([first, ...more]: Step[]): FairwayError {
  return new FairwayError(
    "tryAgain",
    `what all pods share was made ${rounds} times, and each time somebody took it away or changed it: ${first?.why ?? ""}${more.length > 0 ? `, and ${more.length} more` : ""}`,
    "find out who does (`nft monitor`, `ip monitor all`; a firewall that flushes all tables when it reloads), then try again",
  );
}
