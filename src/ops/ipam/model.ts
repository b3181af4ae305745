/** Lists every address that is somebody's, whoever gave it. */
import type { LedgerView } from "../../ledger/ledger.ts";
import { attachmentName, podTitle } from "../../plan/node.ts";

export interface ListedAddress {
  network: string;
  address: string;
  /**
   * "pod" is an address of an attachment of ours, "reserved" one that was given to another plugin's pod, and
   * "kept" one that is kept for a pod that went.
   */
  state: "pod" | "reserved" | "kept";
  /** null means that nobody has it now. */
  holder: string | null;
  pod: string | null;
  /** Milliseconds since the epoch. */
  sinceMs: number | null;
  untilMs: number | null;
}

/** The list is sorted by network and address. */
export function listAddresses(
  view: LedgerView,
  network: string | undefined,
  nowMs: number,
): ListedAddress[] {
  const pods = view.attachments.all(network).flatMap((a) =>
    a.leases.map(
      ({ address }): ListedAddress => ({
        network: a.network,
        address,
        state: "pod",
        holder: attachmentName(a),
        pod: podTitle(a),
        sinceMs: a.createdAtMs,
        untilMs: null,
      }),
    ),
  );
  const reserved = view.reservations.all(network).map(
    (r): ListedAddress => ({
      network: r.network,
      address: r.address,
      state: "reserved",
      holder: `${r.network}/${r.containerId}/${r.ifname ?? "*"}`,
      pod: podTitle(r),
      sinceMs: r.createdAtMs,
      untilMs: null,
    }),
  );
  const inUse = new Set([...pods, ...reserved].map((a) => `${a.network} ${a.address}`));
  const kept = view.holds
    .all(nowMs, network)
    .filter((hold) => !inUse.has(`${hold.network} ${hold.address}`))
    .map(
      (hold): ListedAddress => ({
        network: hold.network,
        address: hold.address,
        state: "kept",
        holder: null,
        pod: podTitle(hold),
        sinceMs: null,
        untilMs: hold.untilMs,
      }),
    );
  const byText = new Intl.Collator("en", { numeric: true });
  return [...pods, ...reserved, ...kept].sort(
    (a, b) => byText.compare(a.network, b.network) || byText.compare(a.address, b.address),
  );
}
