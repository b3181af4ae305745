/**
 * Finds who would lose something if Fairway went from this node. It asks the ledger's rows, and the kernel as
 * well, whatever the rows say.
 */
import { FairwayError } from "../../errors.ts";
import { livingEnds } from "../../kernel/living.ts";
import { hasNetns } from "../../kernel/netns.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { holderText } from "../../ledger/reservations.ts";
import { listed, livingName, owns } from "../../node/facts/known-pods.ts";
import { holderName } from "../../promise/held.ts";

/**
 * All pods that live, in words. The name is a row's own, or else the node's interface with what it leads to.
 */
export interface LivingPods {
  known: string[];
  /** Those that are of no row of this ledger. */
  unknown: string[];
}

/** Rows of every phase count. A row whose namespace is gone, and its interface with it, has no living pod. */
export function livingPods(view: LedgerView): LivingPods {
  const ends = livingEnds();
  const rows = view.attachments.all();
  const alive = rows.filter((row) => hasNetns(row.netns) || ends.some((end) => owns(row, end)));
  return {
    known: alive.map(holderName),
    unknown: ends.filter((end) => !rows.some((row) => owns(row, end))).map(livingName),
  };
}

/**
 * Throws attachmentExists while addresses are reserved, because without fairway-ipam nobody would free them,
 * or keep them from being given twice.
 */
function refuseWhileReserved(view: LedgerView): void {
  const reserved = view.reservations.all();
  const [first] = reserved;
  if (first === undefined) return;
  throw new FairwayError(
    "attachmentExists",
    `${reserved.length} addresses are reserved for other plugins' pods: ${first.address} of network ${first.network} for ${holderText(first)}${reserved.length > 1 ? ", ..." : ""}`,
    "remove those pods, or give back what nobody has (`fairway ipam list`, `fairway ipam release --force`); --force forgets them",
  );
}

const count = (n: number): string => `${n} ${n === 1 ? "pod lives" : "pods live"}`;

const drain = "drain the node (kubectl drain), or remove the pods";
const force = "--force takes their network, or their promise, away while they live";

/** Throws attachmentExists, which names the first of them. */
export function refuseWhilePodsLive(view: LedgerView): void {
  refuseWhileReserved(view);
  const { known, unknown } = livingPods(view);
  if (unknown.length > 0)
    throw new FairwayError(
      "attachmentExists",
      `${count(known.length + unknown.length)} on this node, and the ledger ${view.file} has no row of ${unknown.length}: ${listed([...unknown, ...known])}`,
      `is another data folder in use (--data-dir, dataDir of the conflist)? Was the ledger lost (\`fairway repair --rebuild\`)? Else ${drain}; ${force}`,
    );
  if (known.length === 0) return;
  throw new FairwayError(
    "attachmentExists",
    `${count(known.length)} on this node: ${listed(known)}`,
    `${drain}; ${force}`,
  );
}
