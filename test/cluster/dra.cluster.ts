/** Claims of bandwidth, by the real scheduler and kubelets: the agents are their driver, and pods have no annotations. */
import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { until } from "../support/until.ts";
import type { Json } from "./kubectl.ts";
import { bandwidthClass, egress, type PodOptions, pod } from "./manifests.ts";
import { type Start, withMembers } from "./members.ts";
import type { ClusterNode } from "./node.ts";
import { eventsOf, pendingWords, rates, ready, untilEvent } from "./placed.ts";
import { podOf, podsOf } from "./pods.ts";
import { clusterTest, type SharedCluster, shown } from "./setup.ts";

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
function claiming(name: string, mbps: readonly number[], options: PodOptions = {}): Json {
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
function recorded(node: ClusterNode): { pod: string; mbps: number }[] {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    for (const name of ["ledger.db", "ledger.db-wal"]) {
      const from = node.machine.path(`/var/lib/fairway/${name}`);
      if (existsSync(from)) copyFileSync(from, join(folder, name));
    }
    using ledger = new Database(join(folder, "ledger.db"));
    return ledger
      .query<{ pod: string; mbps: number }, []>(
        "SELECT pod_uid AS pod, rate_bits / 1000000 AS mbps FROM claims ORDER BY rate_bits",
      )
      .all();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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

/** What the slices tell of the uplinks' egress, by node. */
async function untilPublished(cluster: SharedCluster, value: string): Promise<void> {
  await cluster.until(`each node tells ${value}`, async () => {
    const text = await cluster.kubectl("get", "resourceslices", "-o", "json");
    const { items } = JSON.parse(text) as { items: Slice[] };
    const found = items.map(({ spec }) => [
      spec.nodeName,
      spec.devices.find(({ name }) => name === "egress-eth0")?.capacity.bandwidth.value,
    ]);
    const wanted = cluster.nodes.map(({ name }) => [name, value]);
    if (Bun.deepEquals(found.toSorted(), wanted.toSorted())) return true;
    throw new Error(JSON.stringify(found));
  });
}

const deletePods = (cluster: SharedCluster, ...names: string[]): Promise<string> =>
  cluster.kubectl("delete", "pod", ...names, "--timeout=60s");

function claimTest(
  title: string,
  use: (cluster: SharedCluster, start: Start) => Promise<void>,
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
    300_000,
  );
}

claimTest(
  "pods are placed by their claims alone, and have in the kernel what those were given",
  async (cluster) => {
    const names = [1, 2, 3, 4, 5, 6].map((n) => `web-${n}`);
    await cluster.apply(names.map((name) => claiming(name, [100])));
    await ready(cluster, ...names);
    await shown(cluster, "get", "pods", "-o", "wide");
    await shown(cluster, "get", "resourceclaims");
    const placed = (await podsOf(cluster)).map(({ spec }) => spec.nodeName);
    expect(placed.toSorted()).toEqual(["node1", "node1", "node1", "node2", "node2", "node2"]);
    for (const index of [1, 2]) expect(await rates(cluster, index)).toBe("100Mbit 100Mbit 100Mbit");
    for (const name of names) expect(await eventsOf(cluster, name)).not.toContain("FailedCreate");
    for (const node of cluster.nodes)
      expect(recorded(node).map(({ mbps }) => mbps)).toEqual([100, 100, 100]);
    // What claims hold is counted by the scheduler, and is not taken off as well.
    await untilPublished(cluster, "380M");

    await cluster.apply(claiming("web-7", [100]));
    expect(await pendingWords(cluster, "web-7")).toContain("cannot allocate all claims");
    const gone = (await podsOf(cluster)).find(({ spec }) => spec.nodeName === "node1");
    await deletePods(cluster, gone?.metadata.name ?? "");
    const startMs = performance.now();
    await ready(cluster, "web-7");
    console.log(`web-7 is Ready ${Math.round(performance.now() - startMs)} ms after one had gone`);
    expect((await podOf(cluster, "web-7")).spec.nodeName).toBe("node1");
    expect(await rates(cluster, 1)).toBe("100Mbit 100Mbit 100Mbit");
  },
);

claimTest("claims outlive the agent, and pods with claims wait for it", async (cluster, start) => {
  const node = cluster.node(1);
  await cluster.apply(claiming("two", [60, 40], { node: "node1" }));
  await ready(cluster, "two");
  expect(await rates(cluster, 1)).toBe("100Mbit");

  // ADD refuses while the annotation contradicts; the claim is prepared by then. The agent dies, and ADD needs none.
  await cluster.apply(claiming("late", [40], { node: "node1", annotations: egress("50M") }));
  await untilEvent(cluster, "late", "contradicts claim default/late-net-0-");
  expect(recorded(node).map(({ mbps }) => mbps)).toEqual([40, 40, 60]);
  await node.end("agent", "KILL");
  await cluster.kubectl("annotate", "pod", "late", "--overwrite", "fairway.dev/egress-guarantee-");
  await ready(cluster, "late");
  expect((await rates(cluster, 1)).split(" ").toSorted()).toEqual(["100Mbit", "40Mbit"]);

  // Pods with claims wait for the agent, and no others.
  await cluster.apply([claiming("waits", [60], { node: "node1" }), pod("free", { node: "node1" })]);
  await ready(cluster, "free");
  await untilEvent(cluster, "waits", "FailedPrepareDynamicResources");
  console.log(await eventsOf(cluster, "waits"));
  await start(node);
  // A kubelet tries such a pod again after a minute.
  await until(
    "the pod that waited runs",
    async () => (await podOf(cluster, "waits")).status.phase === "Running",
    120_000,
  );
  expect(recorded(node).map(({ mbps }) => mbps)).toEqual([40, 40, 60, 60]);
});
