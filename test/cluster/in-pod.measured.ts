/**
 * What a verb costs where the agent lives in its pod, beside the reference chain on the same node of a real cluster.
 * It is run by hand, after scripts/test-cluster has set up what it needs, as docs/engineering/cluster-tests.md says;
 * it judges nothing.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { median, ratioOfMedians } from "../bench/statistics.ts";
import { repository } from "../support/binary.ts";
import { toolsFolder } from "../support/reference.ts";
import { clusterUp } from "./cluster.ts";
import { importImage, readyForContainers, releaseOn } from "./release.ts";

type Times = Record<"ADD" | "CHECK" | "DEL", number>[];

const bun = process.execPath;

test("ADD, CHECK and DEL with the agent in its pod", async () => {
  const cluster = await clusterUp({ nodes: 1, logs: "in-pod" });
  try {
    const node = cluster.node(1);
    await importImage(cluster);
    await readyForContainers(node);
    const release = releaseOn(cluster);
    await release.install();
    await release.rolledOut();
    const inside = join(repository, "test/cluster/verbs-on-node-main.ts");
    const { code, stdout, stderr } = await node.run([bun, inside, toolsFolder], {
      timeoutMs: 180_000,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { fairway = [], reference = [] } = JSON.parse(stdout) as Record<string, Times>;
    for (const verb of ["ADD", "CHECK", "DEL"] as const) {
      const [ours, theirs] = [fairway, reference].map((times) => times.map((each) => each[verb]));
      const { value, from, to } = ratioOfMedians(ours ?? [], theirs ?? []);
      console.log(
        `${verb}: ${median(ours ?? []).toFixed(1)} ms beside ${median(theirs ?? []).toFixed(1)} ms: ${value.toFixed(2)}x (${from.toFixed(2)}-${to.toFixed(2)}), ${ours?.length} rounds`,
      );
    }
    const socket = ["--unix-socket", "/run/fairway/agent.sock"];
    console.log(await node.must("curl", "-sf", ...socket, "http://agent/version"));
  } finally {
    await cluster.down();
  }
}, 400_000);
