/**
 * A ledger that knows nothing of this boot while pods of ours are in the kernel was lost: what it would
 * give to the next pod may be in use.
 */
import { FairwayError } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { TableReader } from "../../kernel/read/tables.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { classMap, minorOfHostVeth } from "../../plan/names.ts";
import { knowsThisBoot } from "./this-boot.ts";

const shown = 5;

/** The names of the node's ends of pods' pairs. */
function pairs(): string[] {
  using socket = new NetlinkSocket();
  return allLinks(socket)
    .filter(({ type, name }) => type === "veth" && minorOfHostVeth(name) !== null)
    .map(({ name }) => name);
}

/** Whether our maps lead any address to a class. Other plugins' pods have that, too. */
function mapsAny(): boolean {
  using reader = new TableReader();
  return Object.values(classMap).some((map) => reader.elements(map).length > 0);
}

/**
 * The verbs call this: it checks what an ADD can tell without looking into namespaces. Throws ledgerUnusable.
 */
export function refuseLostLedger(view: LedgerView): void {
  if (knowsThisBoot(view)) return;
  const found = pairs();
  if (found.length === 0) {
    if (!mapsAny()) return;
    // It is loaded here because it looks into every namespace, and is needed only where all rows are missing.
    const { requireKnownPods } = require("./known-pods.ts") as typeof import("./known-pods.ts");
    requireKnownPods(view);
    return;
  }
  const more = found.length > shown ? ` and ${found.length - shown} more` : "";
  throw new FairwayError(
    "ledgerUnusable",
    `the ledger ${view.file} knows no pod since the node booted, and the node has ${found.slice(0, shown).join(", ")}${more}: the ledger was lost, or another dataDir is in use on this node`,
    "`fairway repair --rebuild` makes the rows again from the kernel and the runtime's records; or set dataDir to the folder that is in use",
  );
}

/** Throws ledgerUnusable, which says what is wrong with the file. */
export function requireSound(view: LedgerView): void {
  const [first, ...more] = view.faults();
  if (first === undefined) return;
  throw new FairwayError(
    "ledgerUnusable",
    `the ledger ${view.file} is damaged: ${[first, ...more].join("; ")}`,
    "`fairway repair --rebuild` makes it anew from the kernel and the runtime's records, and keeps the damaged one beside it",
  );
}
