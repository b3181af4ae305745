/** Puts together what the scheduler counts for a node's pods and what is in force for them. Pure. */
import { bitsPerMbps } from "../config/resources.ts";
import type { ClaimShare } from "../ledger/claims.ts";
import type { Attachment, Direction } from "../plan/node.ts";
import { leafRateBits } from "../promise/capacity.ts";
import { type PodSeen, podKey } from "./pod-seen.ts";
import type { Load } from "./schedulable.ts";
import { attachmentsOf } from "./wanted.ts";

/** A guarantee below the floor takes a floor, as it does where it is admitted. */
function inForceBits(rows: readonly Attachment[], direction: Direction): number {
  return rows.reduce((sum, { promise }) => {
    const { guaranteeBits } = promise[direction];
    return sum + (guaranteeBits === 0 ? 0 : leafRateBits(guaranteeBits));
  }, 0);
}

type Claimed = Pick<ClaimShare, "podUid" | "direction" | "rateBits">;

const claimedBits = (claims: readonly Claimed[], direction: Direction): number =>
  claims.reduce((sum, each) => sum + (each.direction === direction ? each.rateBits : 0), 0);

/**
 * What dynamic resource allocation counts for a pod is what its prepared claims were given. One that is allocated and
 * not prepared yet has nothing in force, so nothing is taken off what is published, and the scheduler counts it itself.
 *
 * `rows` are the node's attachments with their promises in force, in every phase. One whose pod the API server does
 * not have is a load that no scheduler counts: another runtime's, or that of a pod that was deleted by force.
 */
export function loadsOf(
  pods: readonly PodSeen[],
  rows: readonly Attachment[],
  claims: readonly Claimed[],
  direction: Direction,
): Load[] {
  const claimsByPod = Map.groupBy(claims, ({ podUid }) => podUid);
  const byPod = Map.groupBy(rows, ({ podNamespace, podName }) =>
    podKey({ namespace: podNamespace ?? "default", name: podName ?? "" }),
  );
  const matched = new Set<Attachment>();
  const loads = pods.map((pod): Load => {
    const own = attachmentsOf(pod, byPod.get(podKey(pod)) ?? []);
    for (const row of own) matched.add(row);
    const counted = pod.countedMbps[direction] * bitsPerMbps;
    const claimed = pod.uids.flatMap((uid) => claimsByPod.get(uid) ?? []);
    return {
      countedBits: { resources: counted, dra: claimedBits(claimed, direction) },
      inForceBits: inForceBits(own, direction),
    };
  });
  const others = rows.filter((row) => !matched.has(row));
  const uncounted: Load = {
    countedBits: { resources: 0, dra: 0 },
    inForceBits: inForceBits(others, direction),
  };
  return [...loads, uncounted];
}
