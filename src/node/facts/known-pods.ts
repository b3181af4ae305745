/**
 * Whether the ledger knows the pods that the kernel has. If it does not, rows were lost, or the ledger is
 * another folder's. What no row owns would look like a leftover, but it is a pod's network.
 */
import { FairwayError } from "../../errors.ts";
import { allAsKnown, type Living, livingEnds } from "../../kernel/living.ts";
import { netnsIdentity } from "../../kernel/pods-seen.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Attachment } from "../../plan/node.ts";
import { knowsThisBoot } from "./this-boot.ts";

const shown = 5;

/** "fwv10 (/run/netns/a)"; a pod whose interface another plugin made has its addresses there as well. */
export function livingName({ dev, netns, addresses }: Living): string {
  const of = addresses.length === 0 ? "" : `, ${addresses.join(", ")}`;
  return `${dev} (${netns ?? "a namespace that cannot be seen from here"}${of})`;
}

/** The first few names, for a message. */
export function listed(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  return `${names.slice(0, shown).join(", ")}${more}`;
}

/**
 * A path that leads to another namespace by now is another pod's; a path that leads nowhere may still be this
 * one's.
 */
function isSameNamespace({ netns }: Attachment, { identity }: Living): boolean {
  const recorded = netnsIdentity(netns);
  return recorded === null || identity === null || recorded === identity;
}

export function owns(row: Attachment, end: Living): boolean {
  const isSame =
    row.hostVeth === end.dev || row.leases.some(({ address }) => end.addresses.includes(address));
  return isSame && isSameNamespace(row, end);
}

/** It waits for nothing, so a pod that is just coming or going may be unknown. */
export function isAllKnown(rows: readonly Attachment[]): boolean {
  return allAsKnown(
    new Map(rows.map(({ hostVeth, netns }) => [hostVeth, netns])),
    new Set(rows.flatMap(({ leases }) => leases.map(({ address }) => address))),
  );
}

/** The kernel is read before the rows, because a pair is made after its row, and is gone before it. */
function unknownOnce(view: LedgerView): Living[] {
  if (isAllKnown(view.attachments.all())) return [];
  const living = livingEnds();
  if (living.length === 0) return [];
  const rows = view.attachments.all();
  return living.filter((end) => !rows.some((row) => owns(row, end)));
}

/** This is longer than it takes a DEL to remove its row once the pair is gone. */
const settleMs = 100;

/** The interfaces that lead into a living namespace and are of no row of this ledger, in whatever phase. */
export function unknownPods(view: LedgerView): Living[] {
  const first = unknownOnce(view);
  if (first.length === 0) return [];
  Bun.sleepSync(settleMs);
  const again = new Set(unknownOnce(view).map(({ dev }) => dev));
  return first.filter(({ dev }) => again.has(dev));
}

const todo =
  "`fairway repair --rebuild` makes the rows again from the kernel and the runtime's records; or give the folder that is in use (--data-dir, dataDir of the conflist)";
const todoChained =
  "give the folder that is in use (--data-dir, dataDir of the conflist); a lost ledger of pods whose interfaces another plugin made cannot be rebuilt (`fairway repair --rebuild` says how to go on): drain the node";

/** The error, to be thrown or told; null means that the ledger knows all pods. */
export function lostLedger(view: LedgerView): FairwayError | null {
  const unknown = unknownPods(view);
  if (unknown.length === 0) return null;
  const found = listed(unknown.map(livingName));
  const what = knowsThisBoot(view)
    ? `the ledger ${view.file} has no row of what leads into living namespaces: ${found}: rows were lost, or another data folder is in use on this node`
    : `the ledger ${view.file} knows no pod since the node booted, and the node has ${found}: the ledger was lost, or another dataDir is in use on this node`;
  const isChained = unknown.some(({ addresses }) => addresses.length > 0);
  return new FairwayError("ledgerUnusable", what, isChained ? todoChained : todo);
}

/** Throws ledgerUnusable. */
export function requireKnownPods(view: LedgerView): void {
  const lost = lostLedger(view);
  if (lost !== null) throw lost;
}
