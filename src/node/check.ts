/** CHECK: whether anything stands between what was promised and what the kernel has. */
import { FairwayError } from "../errors.ts";
import { observe } from "../kernel/observe.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { desiredBase, desiredPod } from "../plan/desired.ts";
import { diff, type Plan } from "../plan/diff.ts";
import { type Attachment, type AttachmentKey, attachmentName } from "../plan/node.ts";
import { merge, titleOf } from "../plan/state.ts";
import { baseInput, liveNetworks } from "./base.ts";
import { promiseInForce } from "./in-force.ts";

/** The differences of a plan in words, conflicts first. */
export function findings({ steps, conflicts }: Plan): string[] {
  const foreign = conflicts.map(({ want, have }) => {
    const name = "name" in have.spec ? have.spec.name : have.spec.type;
    return `${titleOf(want)} is ${name}, which is not Fairway's`;
  });
  return [...new Set([...foreign, ...steps.map((s) => s.why)])];
}

/** Throws unknownContainer. */
export function requireAttachment(ledger: LedgerView, key: AttachmentKey): Attachment {
  const found = ledger.attachments.find(key);
  if (found !== null) return found;
  throw new FairwayError(
    "unknownContainer",
    `attachment ${attachmentName(key)} is not in the ledger`,
    "it was never added, or it was deleted, or the node was booted since: ADD it again",
  );
}

interface Look {
  attachment: Attachment;
  found: string[];
}

function look(view: LedgerView, key: AttachmentKey, netns: string): Look {
  const attachment = requireAttachment(view, key);
  const networks = liveNetworks(view);
  const own = networks.find((n) => n.network === key.network);
  if (own === undefined) throw new RangeError(`no network ${key.network}`);
  const { promise } = promiseInForce(view, attachment, own.trees);
  const desired = merge(
    desiredBase(baseInput(networks)),
    desiredPod({ ...attachment, promise, netns }, own),
  );
  return { attachment, found: findings(diff(desired, observe(desired))) };
}

/**
 * What another verb changes under the lock, this pod's class among it, is half done to who looks
 * meanwhile: what is found without the lock is looked at again under it. Throws unknownContainer, drift.
 */
export function check(ledger: Ledger, key: AttachmentKey, netns: string): Attachment {
  const first = look(ledger, key, netns);
  const { attachment, found } =
    first.found.length === 0 ? first : ledger.exclusively(() => look(ledger, key, netns));
  if (found.length > 0)
    throw new FairwayError(
      "drift",
      `${found.length} of what attachment ${attachmentName(key)} was promised is not in force: ${found.join("; ")}`,
      "`fairway repair` puts it back; `fairway explain` shows the steps",
    );
  return attachment;
}
