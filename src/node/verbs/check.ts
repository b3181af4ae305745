/** CHECK tells whether the kernel has what was promised. */
import { FairwayError } from "../../errors.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Plan } from "../../plan/diff.ts";
import { type Attachment, type AttachmentKey, attachmentName } from "../../plan/node.ts";
import { titleOf } from "../../plan/state.ts";
import { span } from "../../trace.ts";
import { chainedPortDrift } from "../facts/chained.ts";
import { strayWayAdvice, strayWayTexts } from "../facts/ways.ts";
import { look } from "../reconcile/run.ts";
import { baseAndPod } from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";

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

interface Seen {
  attachment: Attachment;
  /** Says in words what `repair` puts back. */
  found: string[];
  /** Says in words what is in the way of packets and is not ours. */
  inTheWay: string[];
}

function seen(ledger: LedgerView, key: AttachmentKey, netns: string): Seen {
  const attachment = requireAttachment(ledger, key);
  // A network whose first ADD is under way has promised nothing to anybody yet.
  const view = new NodeView(ledger).ofReady(key.network);
  const own = view.networks.find((n) => n.network === key.network);
  if (own === undefined) throw new RangeError(`no network ${key.network}`);
  const pod = { ...view.inForce(attachment, own.trees), netns };
  const { chained = null } = attachment;
  const moved = chained === null ? null : chainedPortDrift({ ...attachment, netns }, own.ingress);
  const found = findings(look(baseAndPod(view, pod, own)));
  if (moved !== null) found.unshift(moved);
  // Where a part of ours is missing, that is the reason, and the ways are not looked at.
  const inTheWay =
    found.length > 0 ? [] : span("ways", () => strayWayTexts([attachment], own.ingress.name));
  return { attachment, found, inTheWay };
}

/**
 * It looks again under the lock before it complains, because somebody may have been in the middle of a change
 * at the first look. Throws unknownContainer, drift.
 */
export function check(ledger: Ledger, key: AttachmentKey, netns: string): Attachment {
  const first = seen(ledger, key, netns);
  if (first.found.length + first.inTheWay.length === 0) return first.attachment;
  const { attachment, found, inTheWay } = ledger.exclusively(() => seen(ledger, key, netns));
  if (found.length > 0)
    throw new FairwayError(
      "drift",
      `${found.length} of what attachment ${attachmentName(key)} was promised is not in force: ${found.join("; ")}`,
      "`fairway repair` puts it back; `fairway explain` shows the steps",
    );
  if (inTheWay.length > 0)
    throw new FairwayError(
      "drift",
      `attachment ${attachmentName(key)} is as promised, but ${inTheWay.join("; ")}`,
      strayWayAdvice,
    );
  return attachment;
}
