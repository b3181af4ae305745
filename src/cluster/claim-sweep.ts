/**
 * Forgets claims in the ledger that nobody will take back: the driver forgets a claim when its kubelet has it unprepared,
 * and a kubelet that has lost what it knew never does.
 */
import type { RecordedShare } from "../ledger/claims.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { upMsNow } from "../ledger/up-time.ts";
import type { Attachment } from "../plan/node.ts";
import type { Tell } from "../tell.ts";
import type { PodSeen } from "./pod-seen.ts";

/** A pod that was just made may not have been seen yet, and one that has gone may still be unprepared. */
const quietMs = 5 * 60_000;

/** The uids of those whose pods the API server does not have, and none of which has an interface here. */
export function abandonedClaims(
  claims: readonly RecordedShare[],
  pods: readonly PodSeen[],
  rows: readonly Pick<Attachment, "podUid">[],
  upMs: number,
): string[] {
  const alive = new Set([
    ...pods.flatMap(({ uids }) => uids),
    ...rows.flatMap(({ podUid }) => podUid ?? []),
  ]);
  const byClaim = Map.groupBy(claims, ({ claimUid }) => claimUid);
  return [...byClaim].flatMap(([claimUid, shares]) => {
    const isAbandoned = shares.every(
      ({ podUid, createdUpMs }) => !alive.has(podUid) && upMs - createdUpMs >= quietMs,
    );
    return isAbandoned ? claimUid : [];
  });
}

/** It waits for nobody. Throws tryAgain where another has the lock. */
export function sweepClaims(ledger: Ledger, pods: readonly PodSeen[], tell: Tell): void {
  const recorded = ledger.allClaims();
  if (recorded.length === 0) return;
  const claims = abandonedClaims(recorded, pods, ledger.attachments.all(), upMsNow());
  if (claims.length === 0) return;
  ledger.exclusively(() => {
    for (const claimUid of claims) ledger.forgetClaim(claimUid);
  });
  tell("info", "the cluster: claims are forgotten whose pods are gone", { claims });
}
