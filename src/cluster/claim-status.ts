/**
 * What the agent says in a claim's status of a device that was given: the pod's interface and addresses, and what was
 * promised. Pure.
 */
import { formatRate } from "../config/quantities.ts";
import { driverName, poolName } from "../dra/names.ts";
import type { Json } from "../kube/objects.ts";
import type { RecordedAttachment } from "../ledger/attachment-rows.ts";
import type { ClaimShare } from "../ledger/claims.ts";

export interface ClaimStatus {
  claimUid: string;
  /** Of its status, for server-side apply. */
  path: string;
  object: Json;
}

function deviceStatus(share: ClaimShare, row: RecordedAttachment, nodeName: string): Json {
  const { direction, device, shareId, rateBits } = share;
  const { guaranteeBits, limitBits } = row.promise[direction];
  const limit = limitBits === null ? "" : `, at most ${formatRate(limitBits)}`;
  return {
    ...{ driver: driverName, pool: poolName(nodeName), device },
    ...(shareId !== null && { shareID: shareId }),
    conditions: [
      {
        ...{ type: "Ready", status: "True", reason: "Promised" },
        message: `${direction} ${formatRate(rateBits)} of ${formatRate(guaranteeBits)} guaranteed${limit}`,
        lastTransitionTime: new Date(row.createdAtMs).toISOString().replace(/\.\d+Z$/, "Z"),
      },
    ],
    networkData: {
      interfaceName: row.ifname,
      ips: row.leases.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
      hardwareAddress: row.podMac,
    },
  };
}

/** The statuses of the claims whose pods have their interfaces; one for each claim. */
export function claimStatuses(
  claims: readonly ClaimShare[],
  rows: readonly RecordedAttachment[],
  nodeName: string,
): ClaimStatus[] {
  const byClaim = Map.groupBy(claims, ({ claimUid }) => claimUid);
  return [...byClaim].flatMap(([claimUid, shares]) => {
    const row = rows.find(
      ({ phase, asks }) =>
        phase === "ready" && asks.claims?.some((each) => each.claimUid === claimUid) === true,
    );
    const [first] = shares;
    if (row === undefined || first === undefined) return [];
    const { claimNamespace: namespace, claimName: name } = first;
    // Several requests may have been given one share each of a device, and a status is a share's.
    const shown = new Map(shares.map((share) => [`${share.device} ${share.shareId}`, share]));
    return {
      claimUid,
      path: `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaims/${name}/status`,
      object: {
        ...{ apiVersion: "resource.k8s.io/v1", kind: "ResourceClaim" },
        // With its uid, a claim that was made anew meanwhile is not taken for the one that was prepared.
        metadata: { name, namespace, uid: claimUid },
        status: {
          devices: [...shown.values()].map((share) => deviceStatus(share, row, nodeName)),
        },
      },
    };
  });
}
