/**
 * Fairway put behind another network of a cluster by the chart, and taken off again. The reference plugins stand in
 * for the other network's: its conflist has their shape (test/support/chained-site.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { calicoShape, flannelShape, type OtherNetwork } from "../support/chained-site.ts";
import { toolsFolder } from "../support/reference.ts";
import { type Cluster, clusterUp } from "./cluster.ts";
import { egress, pod } from "./manifests.ts";
import type { ClusterNode } from "./node.ts";
import { readyAddress, untilNoPods } from "./pods.ts";
import {
  hasRelease,
  importImage,
  namespace,
  type Release,
  readyForContainers,
  releaseOn,
} from "./release.ts";
import { endShared } from "./setup.ts";

const limitMs = 180_000;
const confDir = "/etc/cni/net.d";

let cluster: Cluster;
let release: Release;
let node: ClusterNode;

const title = (text: string): string => (hasRelease ? text : `${text} (needs Go)`);

/** What is in the runtime's folder, with its names. */
const networks = async (): Promise<string> =>
  await node.must("find", confDir, "-type", "f", "-printf", "%f\n", "-exec", "cat", "{}", ";");

async function putOther({ file, plugins, conflist }: OtherNetwork): Promise<void> {
  for (const [name, plugin] of Object.entries(plugins))
    await node.must("cp", join(toolsFolder, plugin), `/opt/cni/bin/${name}`);
  const stdin = JSON.stringify(conflist({ root: "/" }));
  await node.run(["tee", `${confDir}/${file}`], { stdin });
}

async function isReady(): Promise<void> {
  await cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=90s");
}

/** The other network has its own addresses and its own routes. */
const chained = (options: readonly string[]): string[] => [
  ...["chained=true", "routes=none", "network.ipMasqExcept=null"],
  ...options,
];

describe.skipIf(!hasRelease)("behind another network", () => {
  beforeAll(async () => {
    await endShared();
    cluster = await clusterUp({ nodes: 1, logs: "chained" });
    release = releaseOn(cluster);
    node = cluster.node(1);
    await importImage(cluster);
    await readyForContainers(node);
    await node.must("mkdir", "-p", "/opt/cni/bin", confDir);
  }, limitMs);

  afterAll(() => cluster?.down());

  test.each<[title: string, other: OtherNetwork, options: string[]]>([
    [flannelShape.title, flannelShape, []],
    [calicoShape.title, calicoShape, ["chain.replaceBandwidth=true"]],
  ])(
    title("%s"),
    async (_, other, options) => {
      await putOther(other);
      await isReady();
      const before = await networks();
      await cluster.apply(pod("before", { node: node.name, annotations: egress("30M") }));
      await readyAddress(cluster, "before");

      console.log(`${other.title}: ${await release.install(...chained(options))}`);
      await release.rolledOut();
      expect(await networks()).toContain("00-fairway-chained.conflist");
      // The node's pods of before were adopted where they are, before the agent started.
      const adopted = await release.logs(node.name, "adopt");
      console.log(`init container adopt:\n${adopted}`);
      expect(adopted).toContain("adopted: default/before, eth0, egress guarantee 30Mbit/s");
      const again = await node.fairway("adopt", "--cri", "unix:///run/containerd/containerd.sock");
      console.log(`$ fairway adopt\n${again.stdout}${again.stderr}`);
      expect(again.code).toBe(0);
      expect(again.stdout).toContain("nothing to do");
      await cluster.apply(pod("after", { node: node.name, annotations: egress("50M") }));
      await readyAddress(cluster, "after");
      const classes = (await node.classes()).map((line) => /rate (\S+)/.exec(line)?.[1]);
      expect(classes.toSorted()).toEqual(["30Mbit", "50Mbit"]);
      const agents = await release.inAgent(node.name, "fairway", "status", "--no-measure");
      expect(agents.stdout).toContain("default/after");

      await cluster.kubectl("delete", "pod", "before", "after", "--timeout=60s");
      await untilNoPods(cluster);
      await release.install(...chained(options), "uninstall=true");
      await release.rolledOut();
      expect(await networks()).toBe(before);
      await release.helm("uninstall", "fairway", "--namespace", namespace, "--wait");
      await cluster.until("its pods are gone", async () => (await release.pods()).length === 0);
      await node.must("rm", `${confDir}/${other.file}`);
      await cluster.until(
        "the node is not Ready",
        async () => (await node.ready()).status !== "True",
      );
    },
    limitMs,
  );
});
