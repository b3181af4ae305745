/** What a node has of claims, in each of the places that know them, beside what the cluster gave its living pods. */
import { expect } from "bun:test";
import { formatRate, parseRateBits } from "../../src/config/quantities.ts";
import { published, recorded } from "./claims.ts";
import type { ClusterNode } from "./node.ts";
import { podsOf } from "./pods.ts";
import type { SharedCluster } from "./setup.ts";

interface Claim {
  metadata: { name: string };
  status?: {
    reservedFor?: { uid: string }[];
    allocation?: { devices: { results: { consumedCapacity: { bandwidth: string } }[] } };
    devices?: { networkData?: { ips?: string[] } }[];
  };
}

const mbpsOf = ({ status }: Claim): number[] =>
  (status?.allocation?.devices.results ?? []).map(
    ({ consumedCapacity }) => parseRateBits(consumedCapacity.bandwidth, "an amount") / 1e6,
  );

const sum = (amounts: readonly number[]): number => amounts.reduce((all, each) => all + each, 0);

/** In the ledger, in the kernel, in the claims' statuses and in the slice; by pod. */
async function kept(cluster: SharedCluster, node: ClusterNode) {
  const [all, text, classes, slices] = await Promise.all([
    podsOf(cluster),
    cluster.kubectl("get", "resourceclaims", "-o", "json"),
    node.classes(),
    published(cluster),
  ]);
  const pods = all.filter(({ spec }) => spec.nodeName === node.name);
  const told = slices.filter(([name]) => name === node.name);
  const claims = (JSON.parse(text) as { items: Claim[] }).items;
  const isOf =
    (uid: string) =>
    ({ status }: Claim): boolean =>
      status?.reservedFor?.some((each) => each.uid === uid) === true;
  const own = pods.map(({ metadata: { uid }, status: { podIP } }) => ({
    ...{ uid, podIP },
    claims: claims.filter(isOf(uid)),
  }));
  return {
    found: {
      ledger: recorded(node).map(({ pod, mbps }) => `${pod} ${mbps}`),
      kernel: classes.map((line) => /\brate (\S+) ceil/.exec(line)?.[1]).toSorted(),
      statuses: own.map((each) =>
        each.claims.flatMap(({ status }) =>
          (status?.devices ?? []).map(({ networkData }) => networkData?.ips?.join(" ")),
        ),
      ),
      slice: told.map(([, value]) => value),
    },
    wanted: {
      ledger: own
        .flatMap(({ uid, claims: all }) =>
          all.flatMap(mbpsOf).map((mbps) => ({ uid, mbps, text: `${uid} ${mbps}` })),
        )
        .toSorted((a, b) => (a.uid === b.uid ? a.mbps - b.mbps : a.uid < b.uid ? -1 : 1))
        .map((each) => each.text),
      kernel: own
        .map(({ claims: all }) => `${formatRate(sum(all.flatMap(mbpsOf)) * 1e6)}bit`)
        .toSorted(),
      statuses: own.map(({ podIP, claims: all }) => all.flatMap(mbpsOf).map(() => `${podIP}/24`)),
      slice: ["380M"],
    },
    /** Each claim of the cluster is of a pod that lives. */
    loose: claims.filter(({ status }) => (status?.reservedFor ?? []).length === 0),
  };
}

/** Nothing is promised twice on the node, and nothing is left of a pod that went. */
export async function expectClaimsKept(cluster: SharedCluster, node: ClusterNode): Promise<void> {
  let last: Awaited<ReturnType<typeof kept>> | null = null;
  try {
    await cluster.until(`${node.name} has what its pods' claims gave`, async () => {
      last = await kept(cluster, node);
      return Bun.deepEquals(last.found, last.wanted) && last.loose.length === 0;
    });
  } catch (error) {
    throw new Error(`${error}: ${JSON.stringify(last, null, 2)}`, { cause: error });
  }
  expect((await node.fairway("explain")).stdout).toContain("nothing to do");
}
