/**
 * What pods were given by claims of dynamic resource allocation. The driver records it when the kubelet has a claim
 * prepared, which is before it has the pod's sandbox made, so ADD finds it by the pod's uid and asks nobody else. A
 * claim counts for nothing here: it is the promise of the attachment that ADD records.
 */
import type { Direction } from "../plan/node.ts";
import type { Store } from "./store.ts";
import { upMsNow } from "./up-time.ts";

/** A claim of dynamic resource allocation (resource.k8s.io). */
interface ClaimId {
  claimUid: string;
  claimNamespace: string;
  claimName: string;
}

/** What one request of a claim was given of one device, for one pod of `status.reservedFor`. */
export interface ClaimShare extends ClaimId {
  podUid: string;
  /** The request's name in the claim, "request" or "request/subrequest". */
  request: string;
  /** The device's name in the node's pool. */
  device: string;
  /** The allocation's own id, where the device is given in shares; null means that it has none. */
  shareId: string | null;
  /** The interface whose tree the device stands for. */
  uplink: string;
  direction: Direction;
  /** Bits per second of Ethernet frames. */
  rateBits: number;
}

/** A share as it was recorded. */
export interface RecordedShare extends ClaimShare {
  /** The node's up-time at which it was recorded. */
  createdUpMs: number;
}

export interface ClaimsView {
  /** What a pod was given by its claims; empty where it has none. Sorted by claim, request, device and share. */
  claimsOfPod(podUid: string): RecordedShare[];
  /** Sorted by pod, then as `claimsOfPod`. */
  allClaims(): RecordedShare[];
}

export interface Claims extends ClaimsView {
  /**
   * To be called inside `exclusively`. Records all that a claim was given, in the place of what was recorded for it
   * before; the same again changes nothing. `shares` are those of the claim `claimUid` alone, and not empty.
   */
  recordClaim(claimUid: string, shares: readonly ClaimShare[]): void;
  /** To be called inside `exclusively`. Returns whether anything was recorded for it. */
  forgetClaim(claimUid: string): boolean;
}

const columns = `claim_uid AS claimUid, claim_namespace AS claimNamespace, claim_name AS claimName, pod_uid AS podUid,
  request, device, share_id AS shareId, uplink, direction, rate_bits AS rateBits, created_up_ms AS createdUpMs`;
const order = "claim_namespace, claim_name, claim_uid, request, device, share_id";

const keyOf = ({ podUid, request, device, shareId }: ClaimShare): string =>
  JSON.stringify([podUid, request, device, shareId]);

const textOf = (share: ClaimShare): string =>
  JSON.stringify([
    keyOf(share),
    share.claimNamespace,
    share.claimName,
    share.uplink,
    share.direction,
    share.rateBits,
  ]);

const areSame = (a: readonly ClaimShare[], b: readonly ClaimShare[]): boolean =>
  JSON.stringify(a.map(textOf).sort()) === JSON.stringify(b.map(textOf).sort());

export function claimsOf(store: Store): Claims {
  const { bootId } = store;

  const ofClaim = (claimUid: string): RecordedShare[] =>
    store.all<RecordedShare>(
      `SELECT ${columns} FROM claims WHERE boot_id = ? AND claim_uid = ?`,
      bootId,
      claimUid,
    );

  const forget = (claimUid: string): boolean =>
    store.run("DELETE FROM claims WHERE boot_id = ? AND claim_uid = ?", bootId, claimUid) > 0;

  const insert = (share: ClaimShare, upMs: number): void => {
    store.run(
      `INSERT INTO claims (boot_id, claim_uid, claim_namespace, claim_name, pod_uid, request, device, share_id, uplink,
         direction, rate_bits, created_up_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      bootId,
      share.claimUid,
      share.claimNamespace,
      share.claimName,
      share.podUid,
      share.request,
      share.device,
      share.shareId,
      share.uplink,
      share.direction,
      share.rateBits,
      upMs,
    );
  };

  return {
    claimsOfPod: (podUid) =>
      store.all<RecordedShare>(
        `SELECT ${columns} FROM claims WHERE boot_id = ? AND pod_uid = ? ORDER BY ${order}`,
        bootId,
        podUid,
      ),

    allClaims: () =>
      store.all<RecordedShare>(
        `SELECT ${columns} FROM claims WHERE boot_id = ? ORDER BY pod_uid, ${order}`,
        bootId,
      ),

    recordClaim(claimUid, shares) {
      store.assertExclusive("recordClaim()");
      if (areSame(ofClaim(claimUid), shares)) return;
      const upMs = upMsNow();
      store.whole(() => {
        forget(claimUid);
        for (const share of shares) insert(share, upMs);
      });
    },

    forgetClaim(claimUid) {
      store.assertExclusive("forgetClaim()");
      return forget(claimUid);
    },
  };
}
