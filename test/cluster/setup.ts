/** The cluster that all tests share: two nodes, on which Fairway was installed after they were there. */
import { test } from "bun:test";
import { type Cluster, clusterUp } from "./cluster.ts";
import { untilNoPods } from "./pods.ts";
import { hasCluster } from "./tools.ts";

export interface SharedCluster extends Cluster {
  /** What the cluster said of each node before Fairway was there, and what `install` said. */
  history: { node: string; before: { status: string; message: string }; installed: string }[];
}

async function withFairway(cluster: Cluster): Promise<SharedCluster> {
  const history: SharedCluster["history"] = [];
  for (const node of cluster.nodes) {
    await cluster.until(`${node.name} says why it is not Ready`, async () =>
      (await node.ready()).message.includes("cni plugin not initialized"),
    );
    const before = await node.ready();
    history.push({ node: node.name, before, installed: await node.install() });
  }
  await cluster.linkPods();
  await cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s");
  return { ...cluster, history };
}

async function make(): Promise<SharedCluster> {
  const cluster = await clusterUp({ nodes: 2 });
  try {
    return await withFairway(cluster);
  } catch (error) {
    await tellState(cluster);
    cluster.down();
    throw error;
  }
}

let shared: Promise<SharedCluster> | null = null;

export async function endShared(): Promise<void> {
  const made = shared;
  shared = null;
  // One that never came up is down already.
  (await made?.catch(() => null))?.down();
}

async function tidy(cluster: Cluster): Promise<void> {
  // In the foreground: else a set may make one more pod after its pods were deleted.
  const sets = "deployment,statefulset";
  await cluster.kubectl("delete", sets, "--all", "--cascade=foreground", "--timeout=60s");
  await cluster.kubectl("delete", "pod", "--all", "--timeout=60s");
  await untilNoPods(cluster);
  for (const node of cluster.nodes)
    await cluster.until(`nothing of a pod is left on ${node.name}`, async () => {
      const left = await node.pods();
      if (left.length > 0) throw new Error(JSON.stringify(left.map(({ pod }) => pod)));
      return true;
    });
}

/** What helps to understand a failure; the parts' logs are in dist/test-cluster. */
async function tellState(cluster: Cluster): Promise<void> {
  for (const args of [
    ["get", "nodes", "-o", "wide"],
    ["get", "pods", "-A", "-o", "wide"],
    ["get", "events", "--sort-by=.lastTimestamp"],
  ]) {
    const { stdout, stderr } = await cluster.tryKubectl(args);
    console.log(
      `$ kubectl ${args.join(" ")}\n${stdout.split("\n").slice(-40).join("\n")}${stderr}`,
    );
  }
}

/** Prints what kubectl answers, for who reads the log, and returns it. */
export async function shown(cluster: Cluster, ...args: string[]): Promise<string> {
  const text = await cluster.kubectl(...args);
  console.log(`$ kubectl ${args.join(" ")}\n${text.trimEnd()}`);
  return text;
}

/** Its deployments, stateful sets and pods are gone afterwards, and what the nodes had of them. */
export function clusterTest(
  title: string,
  use: (cluster: SharedCluster) => Promise<void>,
  limitMs = 180_000,
): void {
  test.skipIf(!hasCluster)(
    hasCluster ? title : `${title} (needs Go)`,
    async () => {
      shared ??= make();
      const cluster = await shared;
      try {
        await use(cluster);
      } catch (error) {
        await tellState(cluster);
        // What comes of it is not what the test is told for.
        await tidy(cluster).catch((left: unknown) => console.log(`tidying: ${String(left)}`));
        throw error;
      }
      await tidy(cluster);
    },
    limitMs,
  );
}
