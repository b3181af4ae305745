/** DEL removes what is in the kernel first, and then the row. What is gone already counts as done. */
import { FairwayError } from "../../errors.ts";
import { applyForGood } from "../../kernel/apply.ts";
import { observe } from "../../kernel/observe.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { desiredPod, formerPod } from "../../plan/desired.ts";
import { diff, type Step } from "../../plan/diff.ts";
import type { Attachment, AttachmentKey, NetworkBase } from "../../plan/node.ts";
import { keyOf, type State } from "../../plan/state.ts";
import { span } from "../../trace.ts";
import { forgetEarlierBoots, keepForPod } from "../addresses/keep.ts";
import { forgetBefore, forgetGoing } from "../reconcile/forget.ts";
import { removeRow } from "../reconcile/former-subnet.ts";
import { enterPhase, inStep } from "../reconcile/locked.ts";
import { keepInForce, restoreInForce } from "../reconcile/rebalance.ts";
import { whileAtWork } from "./at-work.ts";

/**
 * A namespace that goes takes its pair with it at any moment, also between our look and our step. So after a
 * failure we look again, at most so often.
 */
const attempts = 5;

/** What another plugin's interface was like before Fairway changed it, if it is still there. */
export function formerPodThere(attachment: Attachment): State {
  const former = formerPod(attachment);
  if (former.size === 0) return former;
  const there = observe(former);
  return new Map([...former].filter(([key]) => there.has(key)));
}

/**
 * The step with the queue length that the device of a hook is to have without the hook, because the kernel
 * does not remember it.
 */
export function withFormerLength(step: Step, former: State): Step {
  if (step.op !== "delete" || step.have.kind !== "qdisc") return step;
  const known = former.get(keyOf(step.have))?.object;
  if (step.have.spec.type !== "clsact" || known?.kind !== "qdisc") return step;
  if (known.spec.type !== "clsact") return step;
  const { txQueueLength } = known.spec;
  return { ...step, have: { ...step.have, spec: { ...step.have.spec, txQueueLength } } };
}

/**
 * What an attachment of ours has in the kernel by its row, so that it can be removed without a look. If some
 * of it is not there, the removal fails, and then the kernel is looked at. null means that the attachment may
 * have what no row tells of, or what is not to be removed but put back.
 */
function recordedOf(attachment: Attachment, base: NetworkBase): State | null {
  const { chained = null, phase } = attachment;
  const isWhole = phase === "ready" && chained === null && base.antiSpoof === true;
  return isWhole ? desiredPod(attachment, base) : null;
}

/** Removes it without a look, and tells whether all of it is removed. */
function disconnectUnseen(attachment: Attachment, base: NetworkBase): boolean {
  const recorded = recordedOf(attachment, base);
  if (recorded === null) return false;
  const { steps } = diff(new Map(), recorded);
  const forget = () => forgetGoing(attachment, base);
  return span("apply", () => applyForGood(steps, forget)) === null;
}

/** Removes what the kernel has of an attachment, and what it keeps of its addresses. */
export function disconnect(attachment: Attachment, base: NetworkBase): void {
  if (disconnectUnseen(attachment, base)) return;
  // The configuration of now does not count here, because the pod may have come under another one.
  const former = desiredPod(attachment, { ...base, antiSpoof: true });
  let last: FairwayError | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const observed = span("observe", () => observe(former));
    const { steps: planned } = diff(formerPodThere(attachment), observed);
    const steps = planned.map((step) => withFormerLength(step, former));
    const forget = () => forgetGoing(attachment, base);
    const failure = span("apply", () => applyForGood(steps, forget));
    if (failure === null) {
      // Without anti-spoofing the pod could answer until its interface was gone, so its traces are forgotten
      // once more.
      forgetBefore(attachment, base);
      return;
    }
    last = failure.error;
  }
  if (last !== undefined) throw last;
}

/**
 * Removes an attachment that nobody else is at work on. Throws what the kernel refused; the row is still
 * there then, for another try.
 */
export function remove(ledger: Ledger, attachment: Attachment): void {
  const base = ledger.network(attachment.network)?.base;
  if (base === undefined)
    throw new FairwayError(
      "ledgerUnusable",
      `the ledger knows an attachment of network ${attachment.network} and not the network`,
      "this is a defect: keep the ledger's file and report it",
    );
  enterPhase(ledger, attachment, "deleting");
  disconnect(attachment, base);
  const forget = (): boolean => {
    keepForPod(ledger, attachment);
    return removeRow(ledger, attachment, base);
  };
  span("remove row", () =>
    inStep(ledger, () => keepInForce(ledger, base.trees, [attachment], forget)),
  );
}

/**
 * Removes an attachment, and tells whether there was one. Throws tryAgain where somebody else stays at work
 * on it for `waitMs`, and what `remove` throws.
 */
export function detach(ledger: Ledger, key: AttachmentKey, waitMs?: number): boolean {
  const work = (): boolean => {
    const attachment = ledger.exclusively(() => {
      forgetEarlierBoots(ledger);
      const found = ledger.attachments.find(key);
      if (found === null) restoreInForce(ledger);
      return found;
    });
    if (attachment !== null) remove(ledger, attachment);
    return attachment !== null;
  };
  return whileAtWork(ledger, key, work, waitMs);
}
