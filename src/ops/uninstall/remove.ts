/**
 * Brings the node to what it is without Fairway. The desired state is what was there before us, and the
 * observed state is all that is ours. The steps between the two are found and done as any others.
 */
import { FairwayError } from "../../errors.ts";
import { observe } from "../../kernel/observe.ts";
import { observeOurs } from "../../kernel/ours.ts";
import { strays } from "../../kernel/strays.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { forgetGoing } from "../../node/reconcile/forget.ts";
import {
  followsAnother,
  formerQueueLengths,
  formerState,
  withQueueLength,
} from "../../node/reconcile/former.ts";
import { forgetGateways, gatewaysMadeThere } from "../../node/reconcile/gateways.ts";
import { reconcile, required, rounds, type Scope, stepsOf } from "../../node/reconcile/run.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { formerPodThere, withFormerLength } from "../../node/verbs/detach.ts";
import { desiredNode, treesOf } from "../../plan/desired.ts";
import type { Step } from "../../plan/diff.ts";
import { merge } from "../../plan/state.ts";

/** All that is ours, beside what was there before. */
function removal(ledger: LedgerView): Scope {
  // Of earlier boots nothing is left.
  const networks = ledger
    .networks()
    .flatMap(({ isOfThisBoot, base }) => (isOfThisBoot ? base : []));
  const attachments = ledger.attachments.all();
  const view = new NodeView(ledger, networks, attachments);
  const wanted = desiredNode(view.input, attachments);
  return {
    desired: () => merge(formerState(ledger), ...attachments.map(formerPodThere)),
    observed: (former) => {
      const everywhere = merge(strays(), observe(former));
      const { first, input } = view;
      if (first === null) return everywhere;
      const devices = treesOf(first.trees, first.ingress, input.hostBits).map(({ dev }) => dev);
      // What was looked up by its owner knows more than what was found by its name, so it comes last.
      return merge(
        everywhere,
        gatewaysMadeThere(ledger, first.ingress.name),
        observeOurs(wanted, first.ingress.name, devices),
      );
    },
    steps: (plan) => {
      const lengths = formerQueueLengths(ledger);
      const steps = plan.steps.map((step) =>
        withQueueLength(withFormerLength(step, wanted), lengths),
      );
      // A setting that follows another is looked at once that one is back, because the kernel moves most of
      // them itself.
      const followers = steps.filter(({ want }) => want !== null && followsAnother(want));
      const leads = steps.some((step) => step.want?.kind === "sysctl" && !followers.includes(step));
      return leads ? steps.filter((step) => !followers.includes(step)) : steps;
    },
  };
}

/** Plans the removal, and touches nothing. */
export const planRemoval = (ledger: LedgerView): Step[] => stepsOf(removal(ledger));

/**
 * Returns the steps that were done. Throws what the kernel refuses, and tryAgain where it does not come to
 * rest.
 */
export function bringBack(ledger: LedgerView): Step[] {
  const outcome = reconcile(removal(ledger), { untilAtRest: true });
  const done = required(outcome);
  if (outcome.left.length === 0) return done;
  throw new FairwayError(
    "tryAgain",
    `something of ours came back ${rounds} times: ${outcome.left.map(({ why }) => why).join("; ")}`,
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
