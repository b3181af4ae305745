/** Keeps a pod's addresses for a while after the pod went. */
import { asksForAddress } from "../../config/address-ask.ts";
import { parseStickyMs } from "../../config/sticky.ts";
import type { PodKey } from "../../ledger/holds.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Reservation } from "../../ledger/reservations.ts";
import type { Attachment, AttachmentKey } from "../../plan/node.ts";

/** null means that the runtime did not say whose the attachment is, so nothing can be kept for it. */
export function podKeyOf(
  { network, ifname }: AttachmentKey,
  podNamespace: string | null,
  podName: string | null,
): PodKey | null {
  return podNamespace === null || podName === null
    ? null
    : { network, ifname, podNamespace, podName };
}

/**
 * The time is that of the network's latest configuration, so what is not configured any more is not kept any
 * more.
 */
function stickyMsOf(ledger: Ledger, network: string): number | null {
  const config = JSON.parse(ledger.network(network)?.config ?? "{}") as {
    ipam?: { stickyFor?: unknown };
  };
  const text = config.ipam?.stickyFor;
  return typeof text === "string" ? parseStickyMs(text, "ipam.stickyFor") : null;
}

/**
 * Call it inside `exclusively`, when the attachment's row goes. An attachment that never was ready leaves
 * what was kept as it is.
 */
export function keepForPod(ledger: Ledger, attachment: Attachment, nowMs = Date.now()): void {
  const { phase, network, podNamespace, podName, asks, leases } = attachment;
  if (phase === "adding" || !asksForAddress(asks.annotations)) return;
  const pod = podKeyOf(attachment, podNamespace, podName);
  const stickyMs = pod === null ? null : stickyMsOf(ledger, network);
  if (pod === null || stickyMs === null) return;
  const addresses = leases.map(({ address }) => address);
  ledger.holds.keep(pod, addresses, nowMs + stickyMs, nowMs);
}

/**
 * Call it inside `exclusively`. `gone` are the reservations of attachments that went; one pod may have
 * several.
 */
export function keepReserved(
  ledger: Ledger,
  gone: readonly Reservation[],
  nowMs = Date.now(),
): void {
  const byPod = new Map<string, { pod: PodKey; stickyMs: number; addresses: string[] }>();
  for (const { network, ifname, podNamespace, podName, stickyMs, address } of gone) {
    if (ifname === null || stickyMs === null) continue;
    const pod = podKeyOf({ network, containerId: "", ifname }, podNamespace, podName);
    if (pod === null) continue;
    const key = JSON.stringify(pod);
    const known = byPod.get(key);
    if (known === undefined) byPod.set(key, { pod, stickyMs, addresses: [address] });
    else known.addresses.push(address);
  }
  for (const { pod, stickyMs, addresses } of byPod.values())
    ledger.holds.keep(pod, addresses, nowMs + stickyMs, nowMs);
}

/**
 * Call it inside `exclusively`, before anything is inserted. What an earlier boot left is removed. A pod that
 * had asked for its address keeps it across the reboot, and the time counts from now on.
 */
export function forgetEarlierBoots(ledger: Ledger): void {
  const { attachments, reservations } = ledger.forgetEarlierBoots();
  for (const attachment of attachments) keepForPod(ledger, attachment);
  keepReserved(ledger, reservations);
}
