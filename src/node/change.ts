/** A promise changed while the pod lives: admitted anew, changed in place, recorded. */
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { observeShared } from "../kernel/ours.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { desiredNode } from "../plan/desired.ts";
import { diff, type Step } from "../plan/diff.ts";
import {
  type AttachmentKey,
  attachmentName,
  type PodAsks,
  type PodPromise,
  sameAttachment,
} from "../plan/node.ts";
import { baseInput, liveNetworks, refuseConflicts } from "./base.ts";
import { requireAttachment } from "./check.ts";
import { heldBy } from "./held.ts";
import { attachmentsInForce } from "./in-force.ts";
import { inStep } from "./in-step.ts";
import { applyToPods } from "./pods-there.ts";
import { admitted } from "./propose.ts";
import { keepInForce, shrinkingFirst } from "./rebalance.ts";

/** The base and all pods' parts in it, brought to what the ledger says. Throws foreignQdisc and what the kernel refuses. */
function applyShared(ledger: Ledger): Step[] {
  const networks = liveNetworks(ledger);
  const attachments = attachmentsInForce(ledger, networks);
  return applyToPods(attachments, (there) => {
    const desired = desiredNode(baseInput(networks, attachments), there);
    const { steps, conflicts } = diff(desired, observeShared(desired));
    refuseConflicts(conflicts);
    return shrinkingFirst(steps);
  });
}

/**
 * The steps that were done, under the node's lock: a refused change changes nothing, neither the
 * ledger nor the kernel. Throws unknownContainer, tryAgain, promiseRefused and what the kernel refuses.
 */
export function changePromise(
  ledger: Ledger,
  key: AttachmentKey,
  asked: PodPromise,
  asks: PodAsks,
  tiers: NetworkConfig["tiers"],
): Step[] {
  const work = (): Step[] => {
    const attachment = requireAttachment(ledger, key);
    const base = ledger.network(key.network)?.base;
    if (attachment.phase !== "ready" || base === undefined)
      throw new FairwayError(
        "tryAgain",
        `attachment ${attachmentName(key)} is ${attachment.phase}: an ADD or a DEL is at work on it`,
        "try again when that has ended",
      );
    const all = ledger.attachments.all();
    const others = all.filter((a) => !sameAttachment(a, key));
    admitted({ base, key, promise: asked, tiers }, heldBy(others));
    const movers = [attachment, { ...attachment, promise: asked }];
    return keepInForce(ledger, base.trees, movers, () => {
      ledger.attachments.setPromise(key, asked, asks);
      return applyShared(ledger);
    });
  };
  return inStep(ledger, work, applyShared);
}
