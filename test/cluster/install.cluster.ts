/** From nodes without a network to promised pods. Run by scripts/test-cluster. */
import { expect } from "bun:test";
import { egress, pod } from "./manifests.ts";
import { readyAddress } from "./pods.ts";
import { clusterTest, shown } from "./setup.ts";

clusterTest("a node is Ready only after install", async (cluster) => {
  expect(cluster.history.map(({ node }) => node)).toEqual(["node1", "node2"]);
  for (const { node, before, installed } of cluster.history) {
    console.log(`${node} before: Ready=${before.status} ${before.message}\n${installed.trimEnd()}`);
    expect(before).toMatchObject({
      status: "False",
      message: expect.stringContaining("cni plugin not initialized"),
    });
  }
  await shown(cluster, "get", "nodes", "-o", "wide");
  for (const node of cluster.nodes) {
    await cluster.until("it is Ready", async () => (await node.ready()).status === "True");
    expect(node.podCidr).toMatch(/^198\.19\.\d+\.0\/24$/);
  }
});

clusterTest("an annotated pod runs with its promise", async (cluster) => {
  const node = cluster.node(1);
  await cluster.apply(
    pod("web", {
      node: node.name,
      annotations: {
        ...egress("100M"),
        "fairway.dev/egress-limit": "200M",
        "fairway.dev/ingress-guarantee": "50M",
      },
    }),
  );
  const address = await readyAddress(cluster, "web");
  await shown(cluster, "get", "pod", "web", "-o", "wide");
  expect(await node.pods()).toEqual([
    expect.objectContaining({ pod: "default/web", phase: "ready", addresses: [address] }),
  ]);
  expect(await node.classes()).toEqual([expect.stringContaining("rate 100Mbit ceil 200Mbit")]);
  const status = await node.fairway("status", "--no-measure");
  console.log(`$ fairway status --no-measure\n${status.stdout}`);
  expect(status.stdout).toContain("default/web");
  expect(status.code).toBe(0);
  const inside = await cluster.kubectl("exec", "web", "--", "ip", "-o", "address", "show", "eth0");
  expect(inside).toContain(`${address}/24`);
  const { code } = await node.fairway("doctor");
  expect(code).toBe(0);
});

clusterTest("a guarantee that does not fit is refused, in the pod's events", async (cluster) => {
  const node = cluster.node(1);
  await cluster.apply(pod("big", { node: node.name, annotations: egress("900M") }));
  const words =
    "asks for an egress guarantee of 900M, and 380M is free: capacity 400M, reserve 20M";
  await cluster.until("its events say why", async () => {
    const { stdout } = await cluster.tryKubectl(["describe", "pod", "big"]);
    return stdout.includes(words) && stdout.includes("raise uplink.egressCapacity");
  });
  await shown(cluster, "events", "--for=pod/big");
  expect(await node.classes()).toEqual([]);
});
