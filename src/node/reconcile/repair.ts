/** Brings the whole node to what the ledger says. */
import { FairwayError } from "../../errors.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import { keyOf } from "../../plan/state.ts";
import { requireKnownPods } from "../facts/known-pods.ts";
import { requireSound } from "../facts/lost-ledger.ts";
import { forgetRemoved } from "./forget.ts";
import { forgetGateways } from "./gateways.ts";
import { exclusively } from "./locked.ts";
import { followUplink } from "./renamed-uplink.ts";
import { type Lock, look, type Options, reconcile, required, type Scope, settleMs } from "./run.ts";
import { node } from "./scopes.ts";
import { NodeView } from "./view.ts";

/** What `repair` would do. */
export const planRepair = (ledger: LedgerView): Plan => look(node(new NodeView(ledger)));

/**
 * What `repair` would do, for a caller who only looks and takes no lock. What a verb is just changing is gone
 * at a second look, a little later.
 */
export function planRepairSettled(ledger: LedgerView): Plan {
  const first = planRepair(ledger);
  if (first.steps.length === 0) return first;
  Bun.sleepSync(settleMs);
  const seen = new Set(first.steps.map(({ why }) => why));
  const { steps, conflicts } = planRepair(ledger);
  return { steps: steps.filter(({ why }) => seen.has(why)), conflicts };
}

/**
 * Reconciles a part of the node that has leftovers in it, and forgets what is gone with them. Returns the
 * steps that were done. Throws foreignQdisc and what the kernel refuses.
 */
export function reconcileNode(
  lock: Lock,
  options: Pick<Options, "untilAtRest"> = {},
  scopeOf: (view: NodeView) => Scope = node,
): Step[] {
  const view = new NodeView(lock.ledger);
  const outcome = reconcile(scopeOf(view), { ...options, lock });
  forgetRemoved(outcome.done, view.networks);
  forgetGateways(lock.ledger, outcome.done);
  return required(outcome);
}

/** Throws drift where something of the repair is otherwise again a little later: something else sets it. */
export function requireHeld(ledger: Ledger, done: readonly Step[]): void {
  if (done.length === 0) return;
  Bun.sleepSync(settleMs);
  const mended = new Set(done.flatMap(({ want }) => (want === null ? [] : [keyOf(want)])));
  // This looks under the lock, so that no verb at work is taken for it.
  const back = ledger
    .exclusively(() => planRepair(ledger))
    .steps.flatMap(({ want, why }) => (want !== null && mended.has(keyOf(want)) ? [why] : []));
  if (back.length === 0) return;
  throw new FairwayError(
    "drift",
    `${back.length} of what was repaired came back within ${settleMs} ms: ${back.join("; ")}`,
    "something else on this node sets it: look for it there (sysctl.d, NetworkManager, systemd-networkd, ifupdown, another CNI plugin), and have it leave the setting alone; until then no repair lasts",
  );
}

/** Throws ledgerUnusable for a ledger by which living pods would be taken for leftovers. */
export function requireTrue(ledger: LedgerView): void {
  requireSound(ledger);
  requireKnownPods(ledger);
}

/**
 * Repairs the node, and returns the steps that were done. Throws ledgerUnusable, foreignQdisc, uplinkUnknown
 * and what the kernel refuses.
 */
export function repair(ledger: Ledger): Step[] {
  return exclusively(ledger, (lock) => {
    requireTrue(ledger);
    followUplink(ledger);
    return reconcileNode(lock, { untilAtRest: true });
  });
}
