/** The ways in which pods come and go. */
import { expect } from "bun:test";
import { deployment, egress, pod, statefulSet } from "./manifests.ts";
import { podOf, podsOf, readyAddress } from "./pods.ts";
import { clusterTest, shown } from "./setup.ts";

const promised = { node: "node1", annotations: egress("20M") };

clusterTest("a pod deleted by force leaves nothing on its node", async (cluster) => {
  const node = cluster.node(1);
  await cluster.apply(pod("forced", promised));
  await readyAddress(cluster, "forced");
  await cluster.kubectl("delete", "pod", "forced", "--force", "--grace-period=0");
  await cluster.until("its row is gone", async () => (await node.pods()).length === 0);
  expect(await node.classes()).toEqual([]);
});

clusterTest("a pod that completed holds no guarantee, and is still there", async (cluster) => {
  const node = cluster.node(1);
  const once = { ...promised, annotations: egress("300M"), restartPolicy: "Never" } as const;
  await cluster.apply(pod("first", { ...once, command: "true" }));
  await cluster.kubectl(
    "wait",
    "--for=jsonpath={.status.phase}=Succeeded",
    "pod/first",
    "--timeout=60s",
  );
  // Both would not fit.
  await cluster.apply(pod("second", once));
  await readyAddress(cluster, "second");
  await shown(cluster, "get", "pods", "-o", "wide");
  expect((await node.pods()).map((row) => row.pod)).toEqual(["default/second"]);
  expect((await podOf(cluster, "first")).status.phase).toBe("Succeeded");
});

clusterTest(
  "a stateful set's pod is made anew under its name, and has one promise",
  async (cluster) => {
    const node = cluster.node(1);
    await cluster.apply(statefulSet("db", 1, { ...promised, annotations: egress("300M") }));
    await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=60s");
    const before = await podOf(cluster, "db-0");
    await cluster.kubectl("delete", "pod", "db-0", "--timeout=60s");
    await cluster.until("another pod has its name", async () => {
      const { metadata, status } = await podOf(cluster, "db-0");
      return metadata.uid !== before.metadata.uid && status.phase === "Running";
    });
    const address = await readyAddress(cluster, "db-0");
    await shown(cluster, "get", "pods", "-o", "wide");
    expect(await node.pods()).toEqual([
      expect.objectContaining({ pod: "default/db-0", addresses: [address] }),
    ]);
    expect(await node.classes()).toEqual([expect.stringContaining("rate 300Mbit")]);
  },
);

clusterTest("a static pod has its promise, and leaves nothing", async (cluster) => {
  const node = cluster.node(1);
  const file = "/etc/kubernetes/manifests/static.yaml";
  const manifest = JSON.stringify(pod("static", { annotations: egress("20M") }));
  await node.run(["tee", file], { stdin: manifest });
  try {
    await cluster.until("its mirror is there", async () => {
      const { status } = await podOf(cluster, "static-node1");
      return status.phase === "Running";
    });
    await shown(cluster, "get", "pods", "-o", "wide");
    expect((await node.pods()).map((row) => row.pod)).toEqual(["default/static-node1"]);
    expect(await node.classes()).toEqual([expect.stringContaining("rate 20Mbit")]);
  } finally {
    await node.must("rm", file);
  }
  await cluster.until("nothing of it is left", async () => (await node.pods()).length === 0);
  expect(await node.classes()).toEqual([]);
});

clusterTest(
  "a drained node has nothing of a pod, and what it had is elsewhere",
  async (cluster) => {
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const annotations = egress("20M");
    await cluster.kubectl("cordon", "node1");
    try {
      await cluster.apply(deployment("moving", 3, { annotations }));
      await cluster.kubectl("rollout", "status", "deployment/moving", "--timeout=60s");
      expect(await second.classes()).toHaveLength(3);
    } finally {
      await cluster.kubectl("uncordon", "node1");
    }
    try {
      await shown(cluster, "drain", "node2", "--timeout=60s");
      await cluster.kubectl("rollout", "status", "deployment/moving", "--timeout=60s");
      await shown(cluster, "get", "pods", "-o", "wide");
      await cluster.until("node2 has nothing", async () => (await second.pods()).length === 0);
      expect(await second.classes()).toEqual([]);
      expect(await first.classes()).toHaveLength(3);
      const nodes = (await podsOf(cluster)).map(({ spec }) => spec.nodeName);
      expect(nodes).toEqual(["node1", "node1", "node1"]);
    } finally {
      await cluster.kubectl("uncordon", "node2");
    }
  },
);
