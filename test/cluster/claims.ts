/** Pods with claims of bandwidth on the shared cluster, whose agents are the kubelets' driver. */
import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import type { Json } from "./kubectl.ts";
import { bandwidthClass, type PodOptions, pod } from "./manifests.ts";
import { type Start, withMembers } from "./members.ts";
import type { ClusterNode } from "./node.ts";
import { clusterTest, type SharedCluster } from "./setup.ts";

const template = (mbps: number): Json => ({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceClaimTemplate",
  metadata: { name: `egress-${mbps}m` },
  spec: {
    spec: {
      devices: {
        requests: [
          {
            name: "out",
            exactly: {
              deviceClassName: "egress.fairway.dev",
              capacity: { requests: { bandwidth: `${mbps}M` } },
            },
          },
        ],
      },
    },
  },
});

/** With a claim of each amount. */
export function claiming(name: string, mbps: readonly number[], options: PodOptions = {}): Json {
  const made = pod(name, options);
  const spec = made.spec as { containers: Json[] };
  const resourceClaims = mbps.map((amount, at) => ({
    name: `net-${at}`,
    resourceClaimTemplateName: `egress-${amount}m`,
  }));
  const claims = resourceClaims.map((claim) => ({ name: claim.name }));
  const containers = spec.containers.map((each) => ({ ...each, resources: { claims } }));
  return { ...made, spec: { ...spec, containers, resourceClaims } };
}

/** The pods of claims in a node's ledger, and what each has. A copy is read: the file is another mount namespace's. */
export function recorded(node: ClusterNode): { pod: string; mbps: number; upMs: number }[] {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    for (const name of ["ledger.db", "ledger.db-wal"]) {
      const from = node.machine.path(`/var/lib/fairway/${name}`);
      if (existsSync(from)) copyFileSync(from, join(folder, name));
    }
    using ledger = new Database(join(folder, "ledger.db"));
    return ledger
      .query<{ pod: string; mbps: number; upMs: number }, []>(
        `SELECT pod_uid AS pod, rate_bits / 1000000 AS mbps, created_up_ms AS upMs FROM claims
         ORDER BY pod_uid, rate_bits`,
      )
      .all();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The amounts alone, the least first. */
export const recordedMbps = (node: ClusterNode): number[] =>
  recorded(node)
    .map(({ mbps }) => mbps)
    .toSorted((a, b) => a - b);

async function untilForgotten(cluster: SharedCluster): Promise<void> {
  for (const node of cluster.nodes)
    await cluster.until(
      `no claim is recorded on ${node.name}`,
      async () => recorded(node).length === 0,
    );
}

interface Slice {
  spec: { nodeName: string; devices: { name: string; capacity: { bandwidth: Json } }[] };
}

/** What the slices tell of the uplinks' egress: the node and the amount of each. */
export async function published(cluster: SharedCluster): Promise<[string, unknown][]> {
  const text = await cluster.kubectl("get", "resourceslices", "-o", "json");
  const { items } = JSON.parse(text) as { items: Slice[] };
  return items.map(({ spec }) => [
    spec.nodeName,
    spec.devices.find(({ name }) => name === "egress-eth0")?.capacity.bandwidth.value,
  ]);
}

export async function untilPublished(cluster: SharedCluster, value: string): Promise<void> {
  await cluster.until(`each node tells ${value}`, async () => {
    const found = await published(cluster);
    const wanted = cluster.nodes.map(({ name }) => [name, value]);
    if (Bun.deepEquals(found.toSorted(), wanted.toSorted())) return true;
    throw new Error(JSON.stringify(found));
  });
}

export const deletePods = (cluster: SharedCluster, ...names: string[]): Promise<string> =>
  cluster.kubectl("delete", "pod", ...names, "--timeout=60s");

export function claimTest(
  title: string,
  use: (cluster: SharedCluster, start: Start) => Promise<void>,
  limitMs = 300_000,
): void {
  clusterTest(
    title,
    (cluster) =>
      withMembers(
        cluster,
        async (start) => {
          await cluster.apply(readFileSync(join(repository, "conf/cluster/dra.yaml"), "utf8"));
          await cluster.apply([
            ...[40, 60, 100].map(template),
            bandwidthClass("claims", { publish: "dra" }),
          ]);
          try {
            await untilPublished(cluster, "380M");
            await use(cluster, start);
          } finally {
            // Without its driver a kubelet does not let a pod with claims go.
            await cluster.kubectl("delete", "pod", "--all", "--timeout=60s");
            await cluster.kubectl("delete", "bandwidthclass", "claims");
          }
          await untilForgotten(cluster);
        },
        ["--dra"],
      ),
    limitMs,
  );
}
