/**
 * The verbs of an IPAM plugin, which gives addresses to attachments that other plugins make. They touch
 * nothing but the ledger.
 */
import type { AddressAsk } from "../../config/address-ask.ts";
import { formatIp } from "../../config/addresses.ts";
import type { IpamConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Reservation } from "../../ledger/reservations.ts";
import { type AttachmentKey, attachmentName } from "../../plan/node.ts";
import type { Valid } from "../verbs/collect.ts";
import { chooseAddresses, moveCursors, networkHolders } from "./choose.ts";
import { forgetEarlierBoots, keepReserved, podKeyOf } from "./keep.ts";

export interface ReserveAsked {
  key: AttachmentKey;
  ipam: IpamConfig;
  ask: AddressAsk;
  podNamespace: string | null;
  podName: string | null;
}

/**
 * Reserves one address of each set of the network. Throws attachmentExists, poolExhausted, addressInUse,
 * badConfig.
 */
export function reserve(ledger: Ledger, asked: ReserveAsked, nowMs = Date.now()): Reservation[] {
  const { key, ipam, ask, podNamespace, podName } = asked;
  return ledger.exclusively(() => {
    forgetEarlierBoots(ledger);
    const held = ledger.reservations.find(key);
    if (held.length > 0)
      throw new FairwayError(
        "attachmentExists",
        `${attachmentName(key)} has an address already: ${held.map((r) => r.address).join(", ")}`,
        "a runtime must DEL an attachment before it ADDs it again",
      );
    const chosen = chooseAddresses(ledger, {
      network: key.network,
      ipam,
      ask,
      pod: podKeyOf(key, podNamespace, podName),
      nowMs,
      holders: networkHolders(ledger, key.network),
    });
    const reservations = chosen.map(
      ({ ip, range }): Reservation => ({
        ...key,
        address: formatIp(ip),
        prefixLength: range.subnet.prefixLength,
        gateway: formatIp(range.gateway),
        podNamespace,
        podName,
        stickyMs: ask.stickyMs,
        createdAtMs: nowMs,
      }),
    );
    for (const reservation of reservations) ledger.reservations.insert(reservation);
    moveCursors(ledger, key.network, chosen);
    return reservations;
  });
}

/** Call it inside `exclusively`. */
function removeAll(ledger: Ledger, gone: readonly Reservation[]): void {
  for (const { network, address } of gone) ledger.reservations.remove(network, address);
  keepReserved(ledger, gone);
}

/** Releases what is reserved for an attachment, and tells whether there was anything. */
export function release(ledger: Ledger, key: AttachmentKey): boolean {
  return ledger.exclusively(() => {
    forgetEarlierBoots(ledger);
    const gone = ledger.reservations.find(key);
    removeAll(ledger, gone);
    return gone.length > 0;
  });
}

/**
 * Does the same as `release`, for what a main plugin of ours took over from host-local. That is nearly always
 * nothing, so it looks first.
 */
export function releaseTakenOver(ledger: Ledger, key: AttachmentKey): boolean {
  return ledger.reservations.find(key).length > 0 && release(ledger, key);
}

/**
 * `told` are the addresses of prevResult, with prefix. An address that was taken over from host-local has no
 * prefix to compare. Throws unknownContainer, drift.
 */
export function checkReserved(
  view: LedgerView,
  key: AttachmentKey,
  told: readonly string[] | null,
): void {
  const held = view.reservations.find(key);
  if (held.length === 0)
    throw new FairwayError(
      "unknownContainer",
      `no address of network ${key.network} is reserved for ${key.containerId}/${key.ifname}`,
      "it was never added, or it was deleted, or the node was booted since: ADD it again",
    );
  const isTold = ({ address, prefixLength }: Reservation): boolean =>
    told === null ||
    told.some((text) =>
      prefixLength === null
        ? text.split("/")[0] === address
        : text === `${address}/${prefixLength}`,
    );
  const missing = held.filter((reservation) => !isTold(reservation));
  if (missing.length > 0)
    throw new FairwayError(
      "drift",
      `${attachmentName(key)} has ${missing.map((r) => r.address).join(", ")} reserved, prevResult has ${told?.join(", ") || "no address"}`,
      "the runtime's cache and the ledger disagree: DEL and ADD the pod again",
    );
}

/**
 * Releases all addresses of the network that the runtime does not list, and returns them. Other networks' are
 * not looked at.
 */
export function releaseAllBut(ledger: Ledger, network: string, valid: Valid[]): Reservation[] {
  const isAlive = ({ containerId, ifname }: Reservation): boolean =>
    valid.some((v) => v.containerId === containerId && (ifname === null || v.ifname === ifname));
  return ledger.exclusively(() => {
    forgetEarlierBoots(ledger);
    const gone = ledger.reservations.all(network).filter((r) => !isAlive(r));
    removeAll(ledger, gone);
    return gone;
  });
}
