/** ResourceClaims as an API server has them. */

/** What a scheduler allocated for one request of a claim. */
export const result = (part: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...{ request: "egress", driver: "fairway.dev", pool: "node1", device: "egress-eth0" },
  ...{ shareID: "share-1", consumedCapacity: { bandwidth: "200M" } },
  ...part,
});

interface ClaimPart {
  uid?: string;
  name?: string;
  results?: unknown[];
  reservedFor?: unknown[];
  status?: unknown;
}

/** One of namespace "shop" that pod "web" has of node1. */
export function claimWith(part: ClaimPart = {}): Record<string, unknown> {
  const { uid = "claim-1", name = "web-egress", results = [result()] } = part;
  const { reservedFor = [{ resource: "pods", name: "web", uid: "pod-1" }] } = part;
  return {
    ...{ apiVersion: "resource.k8s.io/v1", kind: "ResourceClaim" },
    metadata: { namespace: "shop", name, uid },
    status: part.status ?? { allocation: { devices: { results } }, reservedFor },
  };
}
