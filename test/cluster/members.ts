/** The agents of the shared cluster as parts of it: as their pods run them, by the rights that they have there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { agentToken, install } from "./member-node.ts";
import type { ClusterNode } from "./node.ts";
import type { SharedCluster } from "./setup.ts";

/** Gives the agent a token anew: one that is bound to a Node goes with that Node. */
export async function renewToken(cluster: SharedCluster, node: ClusterNode): Promise<string> {
  const file = join(node.machine.disk, "agent.token");
  writeFileSync(file, await agentToken(cluster, node.name), { mode: 0o600 });
  return file;
}

/** Starts the agent of a node anew, as it was. */
export type Start = (node: ClusterNode) => Promise<void>;

/** `more` are the agents' further options. */
export async function withMembers(
  cluster: SharedCluster,
  use: (start: Start) => Promise<void>,
  more: readonly string[] = [],
): Promise<void> {
  await install(cluster);
  const started = async (node: ClusterNode, options: string[]): Promise<void> => {
    await node.machine.start({
      name: "agent",
      argv: ["/opt/cni/bin/fairway", "agent", ...options],
    });
    await until(`the agent answers on ${node.name}`, async () => {
      const page = ["--unix-socket", "/run/fairway/agent.sock", "http://agent/readyz"];
      return (await node.run(["curl", "-sf", ...page])).code === 0;
    });
  };
  const optionsOf = new Map<string, string[]>();
  try {
    await Promise.all(
      cluster.nodes.map(async (node) => {
        const tokenFile = await renewToken(cluster, node);
        const user = { name: "agent", token: "", groups: [] };
        const config = JSON.parse(cluster.control.kubeconfigOf(user)) as Record<string, unknown>;
        const file = join(node.machine.disk, "agent.kubeconfig");
        const users = [{ name: "agent", user: { tokenFile } }];
        writeFileSync(file, JSON.stringify({ ...config, users }), { mode: 0o600 });
        const options = ["--cluster", "--node", node.name, "--kubeconfig", file, ...more];
        optionsOf.set(node.name, options);
        await node.end("agent", "TERM");
        await started(node, options);
      }),
    );
    await use((node) => started(node, optionsOf.get(node.name) ?? []));
  } finally {
    await Promise.all(
      cluster.nodes.map(async (node) => {
        if (node.machine.isRunning("agent")) await node.end("agent", "TERM");
        await started(node, []);
      }),
    );
  }
}
