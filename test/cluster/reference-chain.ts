/** The reference plugins in Fairway's place on a node: ptp, host-local and bandwidth. */
import { join } from "node:path";
import { type Cri, criClient } from "../support/cri/client.ts";
import { toolsFolder } from "../support/reference.ts";
import { until } from "../support/until.ts";
import type { ClusterNode } from "./node.ts";

export const chain = ["ptp", "host-local", "bandwidth"] as const;

/** The runtime takes the first file by its name. */
const file = "/etc/cni/net.d/05-reference.conflist";
const name = "reference";

const conflist = JSON.stringify({
  cniVersion: "1.0.0",
  name,
  plugins: [
    {
      type: "ptp",
      ipam: {
        type: "host-local",
        dataDir: "/run/reference",
        ranges: [[{ subnet: "198.19.64.0/24" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
    { type: "bandwidth", capabilities: { bandwidth: true } },
  ],
});

async function loadedNetwork(cri: Cri): Promise<string> {
  const { info } = await cri.status();
  const shown = JSON.parse(info.cniconfig ?? "{}") as {
    Networks?: { Config?: { Name?: string } }[];
  };
  // The first network is the loopback interface's.
  return shown.Networks?.at(-1)?.Config?.Name ?? "";
}

/** The pods that are made while `use` runs are the chain's; they have to be gone when it ends. */
export async function withReferenceChain<T>(node: ClusterNode, use: () => Promise<T>): Promise<T> {
  const cri = criClient(node.machine.path("/run/containerd/containerd.sock"));
  const untilLoaded = (wanted: boolean): Promise<void> =>
    until(
      wanted ? "the reference chain is loaded" : "Fairway is loaded again",
      async () => wanted === ((await loadedNetwork(cri)) === name),
    );
  try {
    await node.must("cp", ...chain.map((plugin) => join(toolsFolder, plugin)), "/opt/cni/bin/");
    await node.run(["tee", file], { stdin: conflist });
    await untilLoaded(true);
    return await use();
  } finally {
    await node.must("rm", "-f", file);
    await untilLoaded(false);
    cri.close();
  }
}
