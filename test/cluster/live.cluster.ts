/** The agent as a part of the cluster: promises of pods that live, by a real kubelet and runtime. */
import { expect } from "bun:test";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { withTraffic } from "../support/traffic.ts";
import { until } from "../support/until.ts";
import type { Json } from "./kubectl.ts";
import { egress, pod, statefulSet } from "./manifests.ts";
import { withMembers } from "./members.ts";
import { readyAddress, withNamespaces } from "./pods.ts";
import { clusterTest, shown } from "./setup.ts";

const forMs = 60_000;
const flows = 8;

/** The connections of a pod's namespace to this port, by their own ports. */
const connections = (namespace: string, port: number): string =>
  mustInNamespace(namespace, ["ss", "-tnH", "state", "established", `dport = :${port}`])
    .split("\n")
    .flatMap((line) => /:(\d+)\s+\S+:\d+\s*$/.exec(line.trim())?.[1] ?? [])
    .toSorted()
    .join(" ");

clusterTest("an annotation that is edited under eight flows is in force, or refused", (cluster) =>
  withMembers(cluster, async () => {
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error("no node");
    await cluster.apply([
      pod("cart", {
        node: "node1",
        annotations: egress("50M"),
      }),
      pod("sink", { node: "node2" }),
    ]);
    await readyAddress(cluster, "cart");
    const host = await readyAddress(cluster, "sink");
    const rate = async (): Promise<string> =>
      (await node.classes()).flatMap((line) => /\brate (\S+) ceil/.exec(line)?.[1] ?? []).join(" ");
    expect(await rate()).toBe("50Mbit");
    const annotate = (value: string): Promise<string> =>
      shown(
        cluster,
        "annotate",
        "pod",
        "cart",
        "--overwrite",
        `fairway.dev/egress-guarantee=${value}`,
      );
    const reasons = async (): Promise<string> =>
      await cluster.kubectl(
        "get",
        "events",
        "--field-selector",
        "involvedObject.name=cart",
        "-o",
        "jsonpath={.items[*].reason}",
      );
    await withNamespaces(cluster, ["cart", "sink"], ([cart = "", sink = ""]) =>
      withTraffic(async (start) => {
        await start(sink, { role: "tcp-sink", port: 7000, forMs, everyMs: 1_000 });
        await start(cart, { role: "tcp-source", host, port: 7000, flows, forMs });
        const before = connections(cart, 7000);
        expect(before.split(" ")).toHaveLength(flows);

        await annotate("150M");
        const startMs = performance.now();
        await until("it is in force", async () => (await rate()) === "150Mbit");
        console.log(
          `in force, as seen from outside, ${Math.round(performance.now() - startMs)} ms after kubectl had ended`,
        );
        await annotate("10G");
        await cluster.until("it is refused", async () =>
          (await reasons()).includes("BandwidthRejected"),
        );
        expect(await rate()).toBe("150Mbit");
        expect(connections(cart, 7000)).toBe(before);
      }),
    );
    const described = await cluster.kubectl("describe", "pod", "cart");
    console.log(described.replace(/^[\s\S]*?^Events:/m, "Events:"));
    await shown(cluster, "get", "node", "node1", "-o", "jsonpath={.metadata.annotations}");
    expect(described).toContain("asks for an egress guarantee of 10G");
    expect(await reasons()).toContain("BandwidthAssigned");
    expect(await reasons()).toContain("BandwidthResized");
  }),
);

clusterTest("a pod that a StatefulSet moves to another node is another pod", (cluster) =>
  withMembers(cluster, async () => {
    const set = (node: string, guarantee: string): Json =>
      statefulSet("db", 1, { node, annotations: egress(guarantee) });
    const promised = async (): Promise<string[]> =>
      await Promise.all(
        cluster.nodes.map(async (node) =>
          (await node.classes())
            .flatMap((line) => /\brate (\S+) ceil/.exec(line)?.[1] ?? [])
            .join(" "),
        ),
      );
    await cluster.apply(set("node1", "20M"));
    await cluster.until("it runs on node1", async () => (await promised()).join("|") === "20Mbit|");
    await cluster.apply(set("node2", "30M"));
    await cluster.until("it runs on node2", async () => (await promised()).join("|") === "|30Mbit");
    await cluster.kubectl(
      "annotate",
      "pod",
      "db-0",
      "--overwrite",
      "fairway.dev/egress-guarantee=40M",
    );
    await cluster.until(
      "the new one follows",
      async () => (await promised()).join("|") === "|40Mbit",
    );
  }),
);
