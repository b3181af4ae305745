/** Finds and frees attachments whose sandbox is gone, without a runtime that tells. */
import { FairwayError, messageOf } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { netnsKind } from "../../kernel/netns.ts";
import { linkNamed } from "../../kernel/read/links.ts";
import type { RecordedAttachment } from "../../ledger/attachment-rows.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { upMsNow } from "../../ledger/up-time.ts";
import { releaseGone } from "../addresses/delegate-gone.ts";
import { isHome } from "../facts/home.ts";
import { tryAtWork } from "./at-work.ts";
import { remove } from "./detach.ts";
import { type Evidence, judge, type Verdict } from "./fate.ts";

/** The containers that a runtime lists; null means that no runtime was asked. */
export type Listed = ReadonlySet<string> | null;

export interface Found {
  attachment: RecordedAttachment;
  why: string;
}

export interface Swept {
  freed: Found[];
  /** Attachments that may be alive although they do not look so. */
  inDoubt: Found[];
  /** Attachments that could not be freed; they are still in the ledger. */
  failed: Found[];
}

function netnsOf(path: string): Evidence["netns"] {
  try {
    return netnsKind(path);
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}

function hostVethOf(name: string, view: LedgerView): Evidence["hostVeth"] {
  if (!isHome(view)) return "not to be told";
  using socket = new NetlinkSocket();
  return linkNamed(socket, name) === null ? "gone" : "there";
}

/** A clock that was set meanwhile makes no attachment older. */
function ageMsOf({ createdAtMs, createdUpMs }: RecordedAttachment): number {
  const upMs = upMsNow();
  return createdUpMs === null ? Math.min(Date.now() - createdAtMs, upMs) : upMs - createdUpMs;
}

function verdictOn(view: LedgerView, attachment: RecordedAttachment, listed: Listed): Verdict {
  return judge({
    phase: attachment.phase,
    netns: netnsOf(attachment.netns),
    hostVeth: hostVethOf(attachment.hostVeth, view),
    isListed: listed === null ? null : listed.has(attachment.containerId),
    ageMs: ageMsOf(attachment),
  });
}

/** Judges one attachment. If it is gone, `act` is called with it, while nobody else is at work on it. */
function settle(
  view: LedgerView,
  seen: RecordedAttachment,
  listed: Listed,
  act: (attachment: RecordedAttachment) => void,
): Verdict {
  const first = verdictOn(view, seen, listed);
  if (first.fate !== "gone") return first;
  using own = tryAtWork(view, seen);
  // An ADD or a DEL that lives, or another sweep, is at work on it.
  if (own === null) return { fate: "alive" };
  const attachment = view.attachments.find(seen);
  if (attachment === null) return { fate: "alive" };
  const verdict = verdictOn(view, attachment, listed);
  if (verdict.fate === "gone") act(attachment);
  return verdict;
}

/**
 * Never call it under the ledger's lock. The runtime has to be asked for `listed` after the attachments that
 * are judged by it were there, which `listedWithinMs` sees to.
 */
function sweepWith(
  view: LedgerView,
  listed: Listed,
  act: (attachment: RecordedAttachment) => void,
  isAsked: (attachment: RecordedAttachment) => boolean = () => true,
): Swept {
  const swept: Swept = { freed: [], inDoubt: [], failed: [] };
  for (const attachment of view.attachments.all().filter(isAsked)) {
    try {
      const verdict = settle(view, attachment, listed, act);
      if (verdict.fate === "gone") swept.freed.push({ attachment, why: verdict.why });
      if (verdict.fate === "in doubt") swept.inDoubt.push({ attachment, why: verdict.why });
    } catch (error) {
      swept.failed.push({ attachment, why: messageOf(error) });
    }
  }
  return swept;
}

/** Frees them, or those that are asked for, and goes on past what fails. */
export function sweep(
  ledger: Ledger,
  listed: Listed,
  isAsked?: (attachment: RecordedAttachment) => boolean,
): Swept {
  const free = (attachment: RecordedAttachment): void => {
    remove(ledger, attachment);
    releaseGone(ledger, attachment);
  };
  return sweepWith(ledger, listed, free, isAsked);
}

/** What `sweep` would do. */
export function planSweep(view: LedgerView, listed: Listed): Swept {
  return sweepWith(view, listed, () => {});
}

/** Whether freeing an attachment may help against an error. */
export function isShortage(error: unknown): boolean {
  const kinds = ["promiseRefused", "poolExhausted", "addressInUse"];
  return error instanceof FairwayError && kinds.includes(error.kind);
}
