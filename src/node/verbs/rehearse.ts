/**
 * Goes through what an ADD and a CHECK think and look at, without doing anything. Code that has run is loaded
 * and compiled, so that in a process that stays the first pod need not wait for that.
 */
import { chosenBackend } from "../../kernel/backend.ts";
import { batchesOf } from "../../kernel/effects.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { desiredPod } from "../../plan/desired.ts";
import { diff } from "../../plan/diff.ts";
import { refuseNewOverlaps } from "../facts/surroundings.ts";
import { look } from "../reconcile/run.ts";
import { baseAndPod } from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";
import { type AttachAsk, propose } from "./propose.ts";

/** `asked` is for a pod that is not there, in a namespace that is not there. Throws what an ADD would throw. */
export function rehearse(ledger: LedgerView, asked: AttachAsk): void {
  const { base } = asked;
  refuseNewOverlaps(ledger, base);
  const { attachment } = propose(ledger, asked);
  const view = new NodeView(ledger).with(base);
  const pod = view.inForce(attachment, base.trees);
  batchesOf(diff(desiredPod(pod, base), new Map()).steps, chosenBackend());
  look(baseAndPod(view, pod, base));
}
