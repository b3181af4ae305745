/** Claims of bandwidth, by the real scheduler and kubelets: the agents are their driver, and pods have no annotations. */
import { expect } from "bun:test";
import { claiming, claimTest, deletePods, recordedMbps, untilPublished } from "./claims.ts";
import { egress, pod } from "./manifests.ts";
import { eventsOf, pendingWords, rates, ready, readyAtLast, untilEvent } from "./placed.ts";
import { podOf, podsOf } from "./pods.ts";
import { shown } from "./setup.ts";

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
    for (const node of cluster.nodes) expect(recordedMbps(node)).toEqual([100, 100, 100]);
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
  expect(recordedMbps(node)).toEqual([40, 40, 60]);
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
  await readyAtLast(cluster, "waits");
  expect(recordedMbps(node)).toEqual([40, 40, 60, 60]);
});
