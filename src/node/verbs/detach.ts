/** DEL removes what is in the kernel first, and then the row. What is gone already counts as done. */
import { FairwayError } from "../../errors.ts";
import { observe } from "../../kernel/observe.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { desiredPod, formerPod } from "../../plan/desired.ts";
import type { Step } from "../../plan/diff.ts";
import type { Attachment, AttachmentKey, NetworkBase } from "../../plan/node.ts";
import { keyOf, type State } from "../../plan/state.ts";
import { span } from "../../trace.ts";
import { forgetEarlierBoots, keepForPod } from "../addresses/keep.ts";
import { forgetBefore, forgetGoing } from "../reconcile/forget.ts";
import { removeRow } from "../reconcile/former-subnet.ts";
import { enterPhase, exclusively, locked } from "../reconcile/locked.ts";
import { type Lock, reconcile, required, type Scope } from "../reconcile/run.ts";
import { thereOf } from "../reconcile/scopes.ts";
import { keepInForce, restoreInForce } from "../reconcile/shares.ts";
import { whileAtWork } from "./at-work.ts";

/** What another plugin's interface was like before Fairway changed it, if it is still there. */
export const formerPodThere = (attachment: Attachment): State => thereOf(formerPod(attachment));

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

/** Removes what the kernel has of an attachment, and what it keeps of its addresses. */
export function disconnect(attachment: Attachment, base: NetworkBase): void {
  // The configuration of now does not count here, because the pod may have come under another one.
  const ours = desiredPod(attachment, { ...base, antiSpoof: true });
  const leaving: Scope = {
    desired: () => formerPodThere(attachment),
    observed: () => observe(ours),
    steps: ({ steps }) => steps.map((step) => withFormerLength(step, ours)),
    beforePairsGo: () => forgetGoing(attachment, base),
  };
  const assumed = recordedOf(attachment, base);
  required(reconcile(leaving, assumed === null ? {} : { assumed }));
  // Without anti-spoofing the pod could answer until its interface was gone, so its traces are forgotten once
  // more.
  if (assumed === null) forgetBefore(attachment, base);
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
  const forget = (lock: Lock): boolean => {
    keepForPod(ledger, attachment);
    return removeRow(lock, attachment, base);
  };
  span("remove row", () =>
    locked(ledger, (lock) => keepInForce(lock, base.trees, [attachment], () => forget(lock))),
  );
}

/**
 * Removes an attachment, and tells whether there was one. Throws tryAgain where somebody else stays at work
 * on it for `waitMs`, and what `remove` throws.
 */
export function detach(ledger: Ledger, key: AttachmentKey, waitMs?: number): boolean {
  const work = (): boolean => {
    const attachment = exclusively(ledger, (lock) => {
      forgetEarlierBoots(ledger);
      const found = ledger.attachments.find(key);
      if (found === null) restoreInForce(lock);
      return found;
    });
    if (attachment !== null) remove(ledger, attachment);
    return attachment !== null;
  };
  return whileAtWork(ledger, key, work, waitMs);
}
