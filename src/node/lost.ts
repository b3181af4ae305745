/**
 * A ledger that knows nothing of this boot while pods of ours are in the kernel was lost: what it would
 * give to the next pod may be in use.
 */
import { FairwayError } from "../errors.ts";
import { NetlinkSocket } from "../kernel/netlink/socket.ts";
import { allLinks } from "../kernel/read/links.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { minorOfHostVeth } from "../plan/names.ts";

const shown = 5;

/** A network is recorded with its first pod and stays: without one there was no pod since the node booted. */
function knowsThisBoot(view: LedgerView): boolean {
  return view.attachments.any() || view.networks().some(({ isOfThisBoot }) => isOfThisBoot);
}

/** The node's ends of pods' pairs that are there although the ledger never heard of a pod. */
function unknownPods(view: LedgerView): string[] {
  if (knowsThisBoot(view)) return [];
  using socket = new NetlinkSocket();
  return allLinks(socket)
    .filter(({ type, name }) => type === "veth" && minorOfHostVeth(name) !== null)
    .map(({ name }) => name);
}

/** Throws ledgerUnusable. */
export function refuseLostLedger(view: LedgerView): void {
  const found = unknownPods(view);
  if (found.length === 0) return;
  const more = found.length > shown ? ` and ${found.length - shown} more` : "";
  throw new FairwayError(
    "ledgerUnusable",
    `the ledger ${view.file} knows no pod since the node booted, and the node has ${found.slice(0, shown).join(", ")}${more}: the ledger was lost, or another dataDir is in use on this node`,
    "`fairway repair --rebuild` makes the rows again from the kernel and the runtime's records; or set dataDir to the folder that is in use",
  );
}

/** What is wrong with the file, as an error. Throws ledgerUnusable. */
export function requireSound(view: LedgerView): void {
  const [first, ...more] = view.faults();
  if (first === undefined) return;
  throw new FairwayError(
    "ledgerUnusable",
    `the ledger ${view.file} is damaged: ${[first, ...more].join("; ")}`,
    "`fairway repair --rebuild` makes it anew from the kernel and the runtime's records, and keeps the damaged one beside it",
  );
}
