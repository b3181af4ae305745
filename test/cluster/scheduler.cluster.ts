/** The scheduler counts what nodes can promise: real kubelets, and the pods bring the resource themselves. */
import { expect } from "bun:test";
import type { Json } from "./kubectl.ts";
import { egress, type PodOptions, pod } from "./manifests.ts";
import { renewToken, withMembers } from "./members.ts";
import { eventsOf, pendingWords, rates, ready, untilEvent } from "./placed.ts";
import { podOf, podsOf } from "./pods.ts";
import { clusterTest, type SharedCluster, shown } from "./setup.ts";

const resource = "fairway.dev/egress-mbps";

/** With the resource, and a guarantee of as much. */
function counted(name: string, mbps: number, options: PodOptions = {}): Json {
  const made = pod(name, { ...options, annotations: egress(`${mbps}M`) });
  const spec = made.spec as { containers: Json[] };
  const containers = spec.containers.map((each) => ({
    ...each,
    resources: { limits: { [resource]: mbps } },
  }));
  return { ...made, spec: { ...spec, containers } };
}

/** As somebody does who knows better than the scheduler. */
function boundTo(node: string, made: Json): Json {
  return { ...made, spec: { ...(made.spec as Json), nodeName: node } };
}

interface NodeStatus {
  metadata: { uid: string; annotations?: Record<string, string> };
  status: { capacity: Record<string, string>; allocatable: Record<string, string> };
}

async function untilPublished(
  cluster: SharedCluster,
  node: string,
  mbps: number,
  what: string,
): Promise<void> {
  await cluster.until(what, async () => {
    const { status } = await cluster.get<NodeStatus>("node", node);
    const found = [status.capacity[resource], status.allocatable[resource]];
    if (found.every((each) => each === String(mbps))) return true;
    throw new Error(JSON.stringify(found));
  });
}

clusterTest(
  "pods are placed where their guarantees fit",
  (cluster) =>
    withMembers(cluster, async () => {
      for (const node of ["node1", "node2"])
        await untilPublished(cluster, node, 380, `${node} tells 400M less the reserve`);

      const names = [1, 2, 3, 4, 5, 6].map((n) => `web-${n}`);
      await cluster.apply(names.map((name) => counted(name, 100)));
      await ready(cluster, ...names);
      await shown(cluster, "get", "pods", "-o", "wide");
      const placed = (await podsOf(cluster)).map(({ spec }) => spec.nodeName);
      expect(placed.toSorted()).toEqual(["node1", "node1", "node1", "node2", "node2", "node2"]);
      for (const index of [1, 2])
        expect(await rates(cluster, index)).toBe("100Mbit 100Mbit 100Mbit");
      for (const name of names) expect(await eventsOf(cluster, name)).not.toContain("Failed");

      await cluster.apply(counted("web-7", 100));
      expect(await pendingWords(cluster, "web-7")).toContain(`2 Insufficient ${resource}`);
      const first = (await podsOf(cluster)).filter(({ spec }) => spec.nodeName === "node1");
      const [gone, ...others] = first.map(({ metadata }) => metadata.name);
      await cluster.kubectl("delete", "pod", gone ?? "", "--timeout=60s");
      const startMs = performance.now();
      await ready(cluster, "web-7");
      console.log(
        `web-7 is Ready ${Math.round(performance.now() - startMs)} ms after ${gone} had gone`,
      );
      expect((await podOf(cluster, "web-7")).spec.nodeName).toBe("node1");

      // 100 and 50 are counted there, so 230 would be free.
      await cluster.kubectl("delete", "pod", ...others, "--timeout=60s");
      await cluster.apply(counted("cart", 50, { node: "node1" }));
      await ready(cluster, "cart");
      const raised = "fairway.dev/egress-guarantee=150M";
      await cluster.kubectl("annotate", "pod", "cart", "--overwrite", raised);
      await untilPublished(cluster, "node1", 280, "100M more are in force than are counted");
      await cluster.apply(counted("late", 200, { node: "node1" }));
      expect(await pendingWords(cluster, "late")).toContain(`Insufficient ${resource}`);
      await cluster.kubectl("delete", "pod", "late", "--timeout=60s");

      // ADD and kubelet refuse what did not come by the scheduler.
      await cluster.apply([
        boundTo("node1", pod("by-hand", { annotations: egress("200M") })),
        boundTo("node1", counted("by-hand-counted", 200)),
      ]);
      await untilEvent(cluster, "by-hand", "asks for an egress guarantee of 200M");
      await untilEvent(cluster, "by-hand-counted", resource);
      for (const name of ["by-hand", "by-hand-counted"])
        console.log(`${name}, bound by hand:\n${await eventsOf(cluster, name)}`);
      await cluster.kubectl("delete", "pod", "by-hand", "by-hand-counted", "--timeout=60s");

      // Less than what its pods hold: the kubelet would refuse them at its next start.
      await cluster.node(1).fairway("set-capacity", "--egress", "100M");
      await untilPublished(cluster, "node1", 150, "what is counted stays published");
      await untilEvent(cluster, "node1", "BandwidthBelowRequests");
      console.log(`node1 says:\n${await eventsOf(cluster, "node1")}`);
      await cluster.until("its annotation says so", async () => {
        const { metadata } = await cluster.get<NodeStatus>("node", "node1");
        return metadata.annotations?.["fairway.dev/egress-short"] !== undefined;
      });
      await cluster.node(1).fairway("set-capacity", "--egress", "-");
      await untilPublished(cluster, "node1", 280, "the capacity is back");
    }),
  240_000,
);

clusterTest("a Node that its kubelet makes anew gets its capacity back", (cluster) =>
  withMembers(cluster, async () => {
    const node = cluster.node(2);
    await untilPublished(cluster, "node2", 380, "node2 tells it");
    const { metadata } = await cluster.get<NodeStatus>("node", "node2");
    // The controllers would give it another subnet for its pods.
    await cluster.control.end("kube-controller-manager", "TERM");
    try {
      await cluster.kubectl("delete", "node", "node2");
      await node.restart("kubelet", "KILL");
      await cluster.until("its kubelet has made it anew", async () => {
        const found = await cluster.get<NodeStatus>("node", "node2");
        return found.metadata.uid !== metadata.uid;
      });
      const subnet = { podCIDR: node.podCidr, podCIDRs: [node.podCidr] };
      await cluster.kubectl("patch", "node", "node2", "-p", JSON.stringify({ spec: subnet }));
    } finally {
      await cluster.control.start("kube-controller-manager");
    }
    await renewToken(cluster, node);
    await untilPublished(cluster, "node2", 380, "it tells it again");
    await cluster.kubectl("wait", "--for=condition=Ready", "node/node2", "--timeout=60s");
    await cluster.apply(counted("web", 100, { node: "node2" }));
    await ready(cluster, "web");
  }),
);
