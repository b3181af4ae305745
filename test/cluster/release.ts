/** The chart on a cluster, by Helm, and the image on its nodes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { chart, hasHelm, helm } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import type { Cluster } from "./cluster.ts";
import { addresses } from "./names.ts";
import type { ClusterNode } from "./node.ts";
import { hasCluster } from "./tools.ts";

const image = join(repository, "dist/fairway-image.tar");

/** scripts/test-cluster makes the image. */
export const hasRelease = hasCluster && hasHelm && existsSync(image);

export const namespace = "kube-system";

const capacity = "400M";

/** The uplink of a node is a veth, which has no speed of its own. */
const values = [
  `network.egressCapacity=${capacity}`,
  `network.ingressCapacity=${capacity}`,
  "network.uplink=eth0",
  `network.ipMasqExcept={${addresses.pods}}`,
  "routes=host-gateway",
];

export interface Release {
  /** What Helm printed. Throws with its words where it fails. */
  helm(...args: string[]): Promise<string>;
  /** Installs the chart, or another one of its values over it. */
  install(...values: string[]): Promise<string>;
  /** Until all nodes have what the DaemonSet says. */
  rolledOut(): Promise<void>;
  /** What a container of the agent's pod on a node has printed. */
  logs(node: string, container: string): Promise<string>;
  /** A command of the agent's container on a node. */
  inAgent(node: string, ...argv: string[]): Promise<CommandResult>;
  /** The names of its pods. */
  pods(): Promise<AgentPod[]>;
}

interface AgentPod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName: string };
  status: { phase: string; qosClass?: string; conditions?: { type: string; status: string }[] };
}

export async function importImage(cluster: Cluster): Promise<void> {
  for (const node of cluster.nodes) await node.importImage(image);
}

export function releaseOn(cluster: Cluster): Release {
  const run: Release["helm"] = async (...args) => {
    const { code, stdout, stderr } = await cluster.control.machine.run([helm, ...args], {
      env: { KUBECONFIG: cluster.control.kubeconfig, HOME: cluster.control.machine.disk },
      timeoutMs: 120_000,
    });
    if (code === 0) return stdout;
    throw new Error(`helm ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  };
  /** What helps to understand why it does not come about. */
  const tell = async (): Promise<void> => {
    const selector = ["-n", namespace, "-l", "app.kubernetes.io/name=fairway"];
    for (const args of [
      ["get", "pods", ...selector, "-o", "wide"],
      ["describe", "pods", ...selector],
      ...["load-modules", "install", "adopt", "agent", "uninstall", "uninstalled"].map(
        (container) => [...["logs", ...selector, "-c", container, "--prefix", "--tail=20"]],
      ),
    ]) {
      const { stdout, stderr } = await cluster.tryKubectl(args);
      console.log(`$ kubectl ${args.join(" ")}\n${stdout}${stderr}`);
    }
  };
  const agentOn = async (node: string): Promise<string> => {
    const own = (await release.pods()).find(({ spec }) => spec.nodeName === node);
    if (own === undefined) throw new Error(`no agent is on ${node}`);
    return own.metadata.name;
  };
  const release: Release = {
    helm: run,
    install: (...more) =>
      run(
        ...["upgrade", "--install", "fairway", chart, "--namespace", namespace],
        ...[...values, ...more].flatMap((value) => ["--set", value]),
      ),
    rolledOut: async () => {
      const asked = ["rollout", "status", "daemonset/fairway", "-n", namespace, "--timeout=50s"];
      try {
        await cluster.kubectl(...asked);
      } catch (error) {
        await tell();
        throw error;
      }
    },
    pods: async () => {
      const selector = ["-l", "app.kubernetes.io/name=fairway"];
      const text = await cluster.kubectl("get", "pods", "-n", namespace, ...selector, "-o", "json");
      return (JSON.parse(text) as { items: AgentPod[] }).items;
    },
    logs: async (node, container) =>
      await cluster.kubectl("logs", "-n", namespace, await agentOn(node), "-c", container),
    inAgent: async (node, ...argv) =>
      await cluster.tryKubectl(["exec", "-n", namespace, await agentOn(node), "--", ...argv]),
  };
  return release;
}

/**
 * A container has a /proc of its own, so it would see the host's boot and not the machine's. And a folder of the node
 * that is not there would be made in the host's own /usr/lib.
 */
export async function readyForContainers(node: ClusterNode): Promise<void> {
  await node.must("umount", "/proc/sys/kernel/random/boot_id");
  await node.restart("kubelet", "TERM");
  const modules = [
    "if test -d /lib/modules; then exit; fi",
    'mkdir -p "$0/upper" "$0/work"',
    'mount -t overlay overlay -o "lowerdir=/usr/lib,upperdir=$0/upper,workdir=$0/work" /usr/lib',
    "mkdir /lib/modules",
  ];
  await node.must("sh", "-ec", modules.join("; "), join(node.machine.disk, "usr-lib"));
}
