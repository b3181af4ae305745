/** Many pods at once: how long they take is printed, what they leave is judged. */
import { expect } from "bun:test";
import { dumpNode, withoutHandles } from "../support/dump.ts";
import { hasReference } from "../support/reference.ts";
import { deployment, egress } from "./manifests.ts";
import { untilNoPods } from "./pods.ts";
import { chain, withReferenceChain } from "./reference-chain.ts";
import { clusterTest, type SharedCluster } from "./setup.ts";

interface Times {
  readyMs: number;
  goneMs: number;
}

/** From `apply` until the deployment says that all are there, and from `delete` until none is. */
async function comeAndGo(
  cluster: SharedCluster,
  name: string,
  replicas: number,
  annotations: Record<string, string>,
  whileThere: () => Promise<void>,
): Promise<Times> {
  const startMs = performance.now();
  await cluster.apply(deployment(name, replicas, { node: "node1", annotations }));
  await cluster.kubectl("rollout", "status", `deployment/${name}`, "--timeout=150s");
  const readyMs = performance.now() - startMs;
  await whileThere();
  const deletedMs = performance.now();
  await cluster.kubectl("delete", "deployment", name, "--cascade=foreground", "--timeout=150s");
  await untilNoPods(cluster, "-l", `app=${name}`);
  return { readyMs, goneMs: performance.now() - deletedMs };
}

const capped = {
  "kubernetes.io/egress-bandwidth": "10M",
  "kubernetes.io/ingress-bandwidth": "10M",
};
const rounds = 3;
const seconds = (ms: number): string => (ms / 1000).toFixed(2);

clusterTest(
  "30 pods beside the reference chain, in turns",
  async (cluster) => {
    const node = cluster.node(1);
    expect(hasReference(...chain)).toBe(true);
    const rows: string[] = [];
    const tell = (kind: string, round: number, { readyMs, goneMs }: Times): void => {
      rows.push(
        `${kind}, round ${round}: Ready after ${seconds(readyMs)} s, gone after ${seconds(goneMs)} s`,
      );
    };
    for (let round = 1; round <= rounds; round += 1) {
      const own = await comeAndGo(cluster, "own", 30, { ...capped, ...egress("5M") }, async () =>
        expect(await node.classes()).toHaveLength(30),
      );
      tell("fairway", round, own);
      const other = await withReferenceChain(node, () =>
        comeAndGo(cluster, "other", 30, capped, async () =>
          expect(await node.classes()).toHaveLength(0),
        ),
      );
      tell("ptp, host-local, bandwidth", round, other);
    }
    console.log(rows.join("\n"));
  },
  400_000,
);

clusterTest(
  "100 pods made and deleted on one node leave nothing",
  async (cluster) => {
    const node = cluster.node(1);
    const named = async (): Promise<string> =>
      (await node.must("ls", "/run/netns"))
        .split("\n")
        .filter((each) => each.startsWith("cni-"))
        .join(" ");
    const before = { dump: withoutHandles(dumpNode(node.machine.namespace)), named: await named() };
    const times = await comeAndGo(cluster, "hundred", 100, egress("1M"), async () => {
      expect(await node.pods()).toHaveLength(100);
      expect(await node.classes()).toHaveLength(100);
    });
    console.log(
      `100 pods: Ready after ${seconds(times.readyMs)} s, gone after ${seconds(times.goneMs)} s`,
    );
    await cluster.until("the ledger has no row", async () => (await node.pods()).length === 0);
    await cluster.until("no namespace is left", async () => (await named()) === before.named);
    expect(before.named).toBe("");
    expect(withoutHandles(dumpNode(node.machine.namespace))).toBe(before.dump);
    expect((await node.fairway("explain")).stdout).toContain("nothing to do");
  },
  400_000,
);
