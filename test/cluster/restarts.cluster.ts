/** The parts of a node are killed under its pods. */
import { expect } from "bun:test";
import { deployment, egress, pod } from "./manifests.ts";
import type { ClusterNode } from "./node.ts";
import { podOf, podsOf, readyAddress } from "./pods.ts";
import { clusterTest, type SharedCluster, shown } from "./setup.ts";

/** What has to stay as it is: who the pods are, where they are, what they are promised. */
async function lives(cluster: SharedCluster, node: ClusterNode) {
  const pods = await podsOf(cluster, "-l", "app=d");
  return {
    pods: pods.map(({ metadata, status }) => ({
      ...{ uid: metadata.uid, address: status.podIP },
      restarts: status.containerStatuses?.map(({ restartCount }) => restartCount),
    })),
    classes: (await node.classes()).toSorted(),
    rows: (await node.pods()).map((row) => row.classid).toSorted(),
  };
}

const three = deployment("d", 3, { node: "node1", annotations: egress("20M") });

async function startThree(cluster: SharedCluster): Promise<void> {
  await cluster.apply(three);
  await cluster.kubectl("rollout", "status", "deployment/d", "--timeout=60s");
}

/** A part that makes a pod is at work again. */
async function oneMore(cluster: SharedCluster): Promise<void> {
  await cluster.apply(pod("later", { node: "node1", annotations: egress("20M") }));
  await readyAddress(cluster, "later");
  await cluster.kubectl("delete", "pod", "later", "--timeout=60s");
}

for (const part of ["kubelet", "containerd", "agent"] as const)
  clusterTest(
    `${part} killed and started again: same pods, addresses, classes`,
    async (cluster) => {
      const node = cluster.node(1);
      await startThree(cluster);
      const before = await lives(cluster, node);
      expect(before.classes).toHaveLength(3);
      await node.restart(part, "KILL");
      await oneMore(cluster);
      await cluster.until(
        "the pod that came later is gone",
        async () => (await node.pods()).length === 3,
      );
      expect(await lives(cluster, node)).toEqual(before);
      await shown(cluster, "get", "pods", "-o", "wide");
      expect((await node.fairway("explain")).stdout).toContain("nothing to do");
    },
  );

clusterTest("a pod is made and deleted while no agent runs", async (cluster) => {
  const node = cluster.node(1);
  await node.end("agent", "KILL");
  try {
    await oneMore(cluster);
    await cluster.until("nothing of it is left", async () => (await node.pods()).length === 0);
  } finally {
    await node.start("agent");
  }
});

clusterTest("a pod deleted while the kubelet is down goes once it is back", async (cluster) => {
  const node = cluster.node(1);
  await cluster.apply(pod("doomed", { node: "node1", annotations: egress("20M") }));
  await readyAddress(cluster, "doomed");
  await node.end("kubelet", "TERM");
  try {
    await cluster.kubectl("delete", "pod", "doomed", "--wait=false");
    expect((await podOf(cluster, "doomed")).metadata.deletionTimestamp).toBeDefined();
    expect(await node.classes()).toHaveLength(1);
  } finally {
    await node.start("kubelet");
  }
  await cluster.kubectl("wait", "--for=delete", "pod/doomed", "--timeout=60s");
  await cluster.until("its class is gone", async () => (await node.classes()).length === 0);
});

interface NodeObject {
  status: { nodeInfo: { bootID: string } };
}

clusterTest(
  "a node that is booted has its pods again, with their promises, and nothing more",
  async (cluster) => {
    const node = cluster.node(2);
    await cluster.apply(deployment("d", 3, { node: "node2", annotations: egress("20M") }));
    await cluster.kubectl("rollout", "status", "deployment/d", "--timeout=60s");
    const bootId = async (): Promise<string> =>
      (await cluster.get<NodeObject>("node", node.name)).status.nodeInfo.bootID;
    const before = { boot: await bootId(), pods: await podsOf(cluster, "-l", "app=d") };
    await node.reboot();
    await cluster.until("the node is Ready since another boot", async () => {
      const { status } = await node.ready();
      return status === "True" && (await bootId()) !== before.boot;
    });
    await cluster.until("each pod runs again", async () => {
      const pods = await podsOf(cluster, "-l", "app=d");
      const again = pods.filter(({ status }) =>
        status.containerStatuses?.some(({ ready, restartCount }) => ready && restartCount > 0),
      );
      return again.length === 3;
    });
    await shown(cluster, "get", "pods", "-o", "wide");
    const pods = await podsOf(cluster, "-l", "app=d");
    expect(pods.map(({ metadata }) => metadata.uid).toSorted()).toEqual(
      before.pods.map(({ metadata }) => metadata.uid).toSorted(),
    );
    await cluster.until("the ledger has these pods and no others", async () => {
      const rows = (await node.pods()).flatMap((row) => row.addresses).toSorted();
      const addresses = pods.map(({ status }) => status.podIP ?? "").toSorted();
      return Bun.deepEquals(rows, addresses);
    });
    expect(await node.classes()).toHaveLength(3);
    for (const each of await node.classes()) expect(each).toContain("rate 20Mbit");
    expect((await node.fairway("explain")).stdout).toContain("nothing to do");
  },
);
