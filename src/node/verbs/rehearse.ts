/**
 * Goes through what an ADD and a CHECK think and look at, without doing anything. Code that has run is loaded
 * and compiled, so that in a process that stays the first pod need not wait for that.
 */
import { chosenBackend } from "../../kernel/backend.ts";
import { batchesOf } from "../../kernel/effects.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { desiredPod } from "../../plan/desired.ts";
import { refuseNewOverlaps } from "../facts/surroundings.ts";
import { look, stepsOf } from "../reconcile/run.ts";
import { allSteps, baseAndPod } from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";
import { type AttachAsk, propose } from "./propose.ts";

/** `asked` is for a pod that is not there, in a namespace that is not there. Throws what an ADD would throw. */
export function rehearse(ledger: LedgerView, asked: AttachAsk): void {
  const { base } = asked;
  refuseNewOverlaps(ledger, base);
  const { attachment } = propose(ledger, asked);
  const view = new NodeView(ledger).with(base);
  const pod = view.inForce(attachment, base.trees);
  const nothing = {
    desired: () => desiredPod(pod, base),
    observed: () => new Map(),
    steps: allSteps,
  };
  batchesOf(stepsOf(nothing), chosenBackend());
  look(baseAndPod(view, pod, base));
}
