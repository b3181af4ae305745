/**
 * Brings the node to what it is without Fairway. The desired state is what was there before us, and the
 * observed state is all that is ours. The steps between the two are found and done as any others.
 */
import { FairwayError } from "../../errors.ts";
import { applyOrRollBack } from "../../kernel/apply.ts";
import { observe } from "../../kernel/observe.ts";
import { observeOurs } from "../../kernel/ours.ts";
import { strays } from "../../kernel/strays.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { baseInput } from "../../node/reconcile/base.ts";
import { forgetGoing } from "../../node/reconcile/forget.ts";
import {
  followsAnother,
  formerQueueLengths,
  formerState,
  withQueueLength,
} from "../../node/reconcile/former.ts";
import { forgetGateways, gatewaysMadeThere } from "../../node/reconcile/gateways.ts";
import { formerPodThere, withFormerLength } from "../../node/verbs/detach.ts";
import { desiredNode, treesOf } from "../../plan/desired.ts";
import { diff, type Step } from "../../plan/diff.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { merge, type State } from "../../plan/state.ts";

/** The bases that were in force since the node booted. Of earlier boots nothing is left. */
function basesOf(view: LedgerView): NetworkBase[] {
  return view.networks().flatMap(({ isOfThisBoot, base }) => (isOfThisBoot ? [base] : []));
}

/** All that the ledger wanted. */
function desiredBefore(view: LedgerView): State {
  const attachments = view.attachments.all();
  return desiredNode(baseInput(basesOf(view), attachments), attachments);
}

function observedOurs(view: LedgerView, former: State, desired: State): State {
  const networks = basesOf(view);
  const [first] = networks;
  const everywhere = merge(strays(), observe(former));
  if (first === undefined) return everywhere;
  const input = baseInput(networks, view.attachments.all());
  const devices = treesOf(first.trees, first.ingress, input.hostBits).map(({ dev }) => dev);
  // What was looked up by its owner knows more than what was found by its name, so it comes last.
  return merge(
    everywhere,
    gatewaysMadeThere(view, first.ingress.name),
    observeOurs(desired, first.ingress.name, devices),
  );
}

/** Plans the removal, and touches nothing. */
export function planRemoval(view: LedgerView): Step[] {
  const former = merge(formerState(view), ...view.attachments.all().map(formerPodThere));
  const desired = desiredBefore(view);
  const lengths = formerQueueLengths(view);
  const steps = diff(former, observedOurs(view, former, desired)).steps.map((step) =>
    withQueueLength(withFormerLength(step, desired), lengths),
  );
  // A setting that follows another is looked at once that one is back, because the kernel moves most of them
  // itself.
  const followers = steps.filter(({ want }) => want !== null && followsAnother(want));
  const leads = steps.some((step) => step.want?.kind === "sysctl" && !followers.includes(step));
  return leads ? steps.filter((step) => !followers.includes(step)) : steps;
}

/**
 * A forwarding setting moves others along when it is set back. Another round finds those, and there are at
 * most so many.
 */
const rounds = 4;

/**
 * Returns the steps that were done. Throws what the kernel refuses, and undoes that round. Throws tryAgain
 * where it does not come to rest.
 */
export function bringBack(view: LedgerView): Step[] {
  const done: Step[] = [];
  for (let round = 0; round < rounds; round++) {
    const steps = planRemoval(view);
    if (steps.length === 0) return done;
    applyOrRollBack(steps);
    done.push(...steps);
  }
  throw new FairwayError(
    "tryAgain",
    `something of ours came back ${rounds} times: ${planRemoval(view)
      .map(({ why }) => why)
      .join("; ")}`,
    "find out what makes it (a runtime that still calls the plugin), then run it again",
  );
}

/** Call it inside `exclusively`. It clears the kernel first, and then the rows of all pods. */
export function removeFromNode(ledger: Ledger): Step[] {
  ledger.forgetEarlierBoots();
  const done = bringBack(ledger);
  for (const attachment of ledger.attachments.all()) {
    const base = ledger.network(attachment.network)?.base;
    if (base !== undefined) forgetGoing(attachment, base);
    ledger.attachments.remove(attachment);
  }
  forgetGateways(ledger, null);
  ledger.retireNetworks();
  return done;
}
