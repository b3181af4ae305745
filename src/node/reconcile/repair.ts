/** Brings the whole node to what the ledger says. */
import { FairwayError } from "../../errors.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import { keyOf } from "../../plan/state.ts";
import { requireKnownPods } from "../facts/known-pods.ts";
import { requireSound } from "../facts/lost-ledger.ts";
import { baseInput, liveNetworks, planNode, refuseConflicts } from "./base.ts";
import { forgetRemoved } from "./forget.ts";
import { forgetGateways, formerGatewaysOf } from "./gateways.ts";
import { attachmentsInForce } from "./in-force.ts";
import { applyToPods } from "./pods-there.ts";
import { followUplink } from "./renamed-uplink.ts";

/** What `repair` would do. */
export function planRepair(ledger: LedgerView): Plan {
  const networks = liveNetworks(ledger);
  const attachments = attachmentsInForce(ledger, networks);
  const input = baseInput(networks, attachments);
  return planNode(input, attachments, undefined, formerGatewaysOf(ledger, networks));
}

/** This is longer than a verb holds the lock to change others' classes. */
const settleMs = 100;

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

/** Throws foreignQdisc and what the kernel refuses. */
function applyRepair(ledger: Ledger): Step[] {
  const networks = liveNetworks(ledger);
  const attachments = attachmentsInForce(ledger, networks);
  const steps = applyToPods(attachments, (there) => {
    const over = formerGatewaysOf(ledger, networks);
    const plan = planNode(baseInput(networks, attachments), attachments, there, over);
    refuseConflicts(plan.conflicts);
    return plan.steps;
  });
  forgetRemoved(steps, networks);
  forgetGateways(ledger, steps);
  return steps;
}

/**
 * At most so many plans are applied. One leads to what the ledger says; a look after it finds what somebody
 * else changed meanwhile.
 */
const rounds = 3;

/**
 * Says in words what of a repair does not hold a little later, because something else on the node sets it. It
 * is empty where the repair holds.
 */
function cameBack(ledger: Ledger, done: readonly Step[]): string[] {
  if (done.length === 0) return [];
  Bun.sleepSync(settleMs);
  const mended = new Set(done.flatMap(({ want }) => (want === null ? [] : [keyOf(want)])));
  // This looks under the lock, so that no verb at work is taken for it.
  return ledger
    .exclusively(() => planRepair(ledger))
    .steps.flatMap(({ want, why }) => (want !== null && mended.has(keyOf(want)) ? [why] : []));
}

/** Throws drift where something of the repair came back. */
export function requireHeld(ledger: Ledger, done: readonly Step[]): void {
  const back = cameBack(ledger, done);
  if (back.length === 0) return;
  throw new FairwayError(
    "drift",
    `${back.length} of what was repaired came back within ${settleMs} ms: ${back.join("; ")}`,
    "something else on this node sets it: look for it there (sysctl.d, NetworkManager, systemd-networkd, ifupdown, another CNI plugin), and have it leave the setting alone; until then no repair lasts",
  );
}

/**
 * Repairs the node, and returns the steps that were done. Throws ledgerUnusable, foreignQdisc, uplinkUnknown
 * and what the kernel refuses.
 */
export function repair(ledger: Ledger): Step[] {
  return ledger.exclusively(() => {
    // A repair removes what no row owns, so a row that cannot be read would cost a living pod its network.
    requireSound(ledger);
    requireKnownPods(ledger);
    followUplink(ledger);
    const done: Step[] = [];
    for (let round = 0; round < rounds; round++) {
      const steps = applyRepair(ledger);
      if (steps.length === 0) break;
      done.push(...steps);
    }
    return done;
  });
}
