/** Takes host-local's addresses over into the ledger, all of them or none. */
import { FairwayError } from "../../errors.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { holderText } from "../../ledger/reservations.ts";
import { forgetEarlierBoots } from "../../node/addresses/keep.ts";
import { attachmentName } from "../../plan/node.ts";
import type { HostLocalEntry, HostLocalFolder } from "./host-local.ts";

export interface TakenOver {
  taken: HostLocalEntry[];
  /** The ledger had these already, for the same holder. */
  known: HostLocalEntry[];
  /** Where the next choice of each set starts. A start that the ledger had already stays. */
  cursors: HostLocalFolder["cursors"];
}

type Standing = "free" | "known" | { conflict: string };

function standing(
  view: LedgerView,
  network: string,
  { address, containerId, ifname }: HostLocalEntry,
  nowMs: number,
): Standing {
  const isSame = (other: { containerId: string; ifname: string | null }): boolean =>
    other.containerId === containerId && other.ifname === ifname;
  const conflict = (holder: string): Standing => ({
    conflict: `${address} is ${holderText({ containerId, ifname })}'s there and ${holder} here`,
  });
  const reserved = view.reservations.holder(network, address);
  if (reserved !== null) return isSame(reserved) ? "known" : conflict(`${holderText(reserved)}'s`);
  const lease = view.leaseHolder(address);
  if (lease !== null && lease.network === network)
    return isSame(lease) ? "known" : conflict(`${attachmentName(lease)}'s`);
  const hold = view.holds.at(network, address, nowMs);
  return hold === null ? "free" : conflict(`kept for the pod ${hold.podNamespace}/${hold.podName}`);
}

/** Throws addressInUse, which names every conflict; then nothing is changed. */
export function takeOver(
  ledger: Ledger,
  network: string,
  folder: HostLocalFolder,
  nowMs = Date.now(),
): TakenOver {
  return ledger.exclusively(() => {
    forgetEarlierBoots(ledger);
    const judged = folder.entries.map((entry) => ({
      entry,
      found: standing(ledger, network, entry, nowMs),
    }));
    const conflicts = judged.flatMap(({ found }) =>
      typeof found === "object" ? [found.conflict] : [],
    );
    if (conflicts.length > 0)
      throw new FairwayError(
        "addressInUse",
        `${conflicts.length} of ${judged.length} addresses of network ${network} are held by others: ${conflicts.join("; ")}`,
        "nothing was taken over: remove one of the two containers, or give another --network",
      );
    const taken = judged.filter(({ found }) => found === "free").map(({ entry }) => entry);
    for (const entry of taken)
      ledger.reservations.insert({
        network,
        ...entry,
        prefixLength: null,
        gateway: null,
        podNamespace: null,
        podName: null,
        stickyMs: null,
        createdAtMs: nowMs,
      });
    const cursors = folder.cursors.filter(
      ({ setIndex }) => ledger.cursor(network, setIndex) === null,
    );
    for (const { setIndex, last } of cursors) ledger.setCursor(network, setIndex, last);
    return {
      taken,
      known: judged.filter(({ found }) => found === "known").map(({ entry }) => entry),
      cursors,
    };
  });
}
