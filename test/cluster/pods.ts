/** Pods as kubectl shows them, and the ways into them. */
import { closeSync, openSync } from "node:fs";
import { delNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { must } from "../../src/prove/lab/run.ts";
import type { Cluster } from "./cluster.ts";
import { stemOf } from "./names.ts";

export interface PodObject {
  metadata: { name: string; namespace: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status: {
    phase: string;
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { containerID?: string; restartCount: number; ready: boolean }[];
  };
}

type Known = Pick<Cluster, "kubectl" | "get" | "until" | "nodes">;

export const podOf = (cluster: Known, name: string): Promise<PodObject> =>
  cluster.get<PodObject>("pod", name);

export async function podsOf(cluster: Known, ...selector: string[]): Promise<PodObject[]> {
  const text = await cluster.kubectl("get", "pods", "-o", "json", ...selector);
  return (JSON.parse(text) as { items: PodObject[] }).items;
}

/** Its address, once it is Ready. */
export async function readyAddress(cluster: Known, name: string): Promise<string> {
  await cluster.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  const { status } = await podOf(cluster, name);
  if (status.podIP === undefined) throw new Error(`pod ${name} is Ready and has no address`);
  return status.podIP;
}

/** Until the cluster has no pod, and no node has anything of one. */
export async function untilNoPods(cluster: Known, ...selector: string[]): Promise<void> {
  await cluster.until("no pod is left", async () => {
    const left = await podsOf(cluster, ...selector);
    if (left.length > 0) throw new Error(left.map(({ metadata }) => metadata.name).join(", "));
    return true;
  });
}

/** The number of its process, as its node counts. */
async function processOf(cluster: Known, name: string): Promise<{ path: string }> {
  const { spec, status } = await podOf(cluster, name);
  const node = cluster.nodes.find((each) => each.name === spec.nodeName);
  const id = status.containerStatuses?.[0]?.containerID?.replace("containerd://", "");
  if (node === undefined || id === undefined) throw new Error(`pod ${name} runs nowhere`);
  const tasks = await node.must("ctr", "-n", "k8s.io", "tasks", "ls");
  const pid = tasks
    .split("\n")
    .find((line) => line.startsWith(id))
    ?.split(/\s+/)[1];
  if (pid === undefined) throw new Error(`${node.name} has no task ${id}: ${tasks}`);
  return { path: node.machine.path(`/proc/${pid}/ns/net`) };
}

/** Gives the pods' network namespaces names for `ip netns` while `use` runs; a name would keep one alive. */
export async function withNamespaces<T>(
  cluster: Known,
  pods: readonly string[],
  use: (namespaces: string[]) => Promise<T>,
): Promise<T> {
  const named: string[] = [];
  try {
    for (const pod of pods) {
      const { path } = await processOf(cluster, pod);
      const name = `${stemOf(process.pid)}-pod-${pod}`;
      closeSync(openSync(namespacePath(name), "w"));
      must(["mount", "--bind", path, namespacePath(name)]);
      named.push(name);
    }
    return await use(named);
  } finally {
    for (const name of named) delNamespace(name);
  }
}
