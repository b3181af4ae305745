/** A node: a machine with containerd and a kubelet, on which Fairway is put as an operator does it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { binary } from "../support/binary.ts";
import { containerdConfig } from "../support/containerd/config.ts";
import { until } from "../support/until.ts";
import type { Control } from "./control.ts";
import { nodeUser } from "./keys.ts";
import type { Machine, Part } from "./machine/machine.ts";
import { addresses } from "./names.ts";
import { containerd, kubelet, kubeletConfig } from "./parts.ts";
import type { RunOptions } from "./run.ts";
import { loopback, runc } from "./tools.ts";

type NodePart = "containerd" | "kubelet" | "agent";

interface PodStatus {
  /** "namespace/name". */
  pod: string | null;
  phase: string;
  addresses: string[];
  classid: string;
}

export interface ClusterNode {
  name: string;
  address: string;
  /** The subnet of its pods. */
  podCidr: string;
  machine: Machine;
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>;
  must(...argv: string[]): Promise<string>;
  /** The installed executable. */
  fairway(...args: string[]): Promise<CommandResult>;
  start(part: NodePart): Promise<void>;
  /** Ends a part by a signal ("TERM", "KILL") and waits until it has ended. */
  end(part: NodePart, signal: string): Promise<void>;
  restart(part: NodePart, signal: string): Promise<void>;
  /** Brings an image of an OCI archive onto it. */
  importImage(archive: string): Promise<void>;
  /** `fairway install` with the subnet that the cluster gave this node, and the agent started. */
  install(...options: string[]): Promise<string>;
  /** What the ledger has of pods, by `fairway status`. */
  pods(): Promise<PodStatus[]>;
  /** The classes of pods in the egress tree, without what they counted. */
  classes(): Promise<string[]>;
  /** How the cluster sees it. */
  ready(): Promise<{ status: string; message: string }>;
  /** A boot: everything dies at once, then all parts are started again. */
  reboot(): Promise<void>;
}

const capacity = "400M";
const installed = "/opt/cni/bin/fairway";
const containerdSocket = "/run/containerd/containerd.sock";

/** HTB's classes below the root, but for the host's: pods' minors begin at 0x10. */
const podClass = /^class htb fa01:[1-9a-f][0-9a-f]+ .*$/gm;

export interface NodeOptions {
  /** It is born with them, "key=value:Effect". */
  taints: readonly string[];
}

interface NodeObject {
  spec: { podCIDR?: string };
  status: { conditions: { type: string; status: string; message: string }[] };
}

export function nodeOf(machine: Machine, control: Control, options: NodeOptions): ClusterNode {
  const { name, address } = machine;
  const file = (each: string): string => join(machine.disk, each);
  const places = { socket: containerdSocket, confDir: "/etc/cni/net.d", binDir: "/opt/cni/bin" };
  writeFileSync(file("containerd.toml"), containerdConfig(3, places, runc, "overlayfs"));
  writeFileSync(file("kubelet.yaml"), kubeletConfig());
  const kubeconfig = file("kubelet.kubeconfig");
  writeFileSync(kubeconfig, control.kubeconfigOf(nodeUser(name)));
  const parts: Record<NodePart, Part> = {
    containerd: containerd(file("containerd.toml")),
    kubelet: kubelet({
      ...{ config: file("kubelet.yaml"), kubeconfig, node: name, address },
      taints: options.taints,
    }),
    agent: { name: "agent", argv: [installed, "agent"] },
  };
  const object = (): Promise<NodeObject> => control.get<NodeObject>("node", name);
  /** Whether an agent is to run on it. */
  let hasAgent = false;

  const node: ClusterNode = {
    ...{ name, address, machine, podCidr: "" },
    run: (argv, given) => machine.run(argv, given),
    must: (...argv) => machine.must(argv),
    fairway: (...args) => machine.run([installed, ...args]),
    start: async (part) => {
      await machine.start(parts[part]);
      if (part === "containerd")
        await until(`containerd answers on ${name}`, async () => {
          const { code } = await machine.run(["ctr", "version"]);
          return code === 0;
        });
      if (part === "agent")
        await until(`the agent answers on ${name}`, async () => {
          const socket = "/run/fairway/agent.sock";
          const asked = ["curl", "-sf", "--unix-socket", socket, "http://agent/readyz"];
          return (await machine.run(asked)).code === 0;
        });
    },
    end: (part, signal) => machine.end(part, signal),
    restart: async (part, signal) => {
      await node.end(part, signal);
      await node.start(part);
    },
    importImage: async (archive) => {
      await machine.must(["ctr", "-n", "k8s.io", "images", "import", archive]);
    },
    install: async (...more) => {
      const asked = [
        ...[binary, "install", "--subnet-from-node-json", "-", "--uplink", "eth0"],
        // Else another node's pods would see the node.
        ...["--ip-masq-except", addresses.pods],
        ...["--egress-capacity", capacity, "--ingress-capacity", capacity, ...more],
      ];
      const said = await machine.must(asked, { stdin: JSON.stringify(await object()) });
      if (!machine.isRunning("agent")) await node.start("agent");
      hasAgent = true;
      return said;
    },
    pods: async () => {
      const { stdout, stderr } = await node.fairway("status", "--no-measure", "--json");
      if (stdout === "") throw new Error(`fairway status on ${name}: ${stderr}`);
      return (JSON.parse(stdout) as { pods: PodStatus[] }).pods;
    },
    classes: async () =>
      (await machine.must(["tc", "class", "show", "dev", "eth0"])).match(podClass) ?? [],
    ready: async () => {
      const { status } = await object();
      const found = status.conditions.find(({ type }) => type === "Ready");
      return found ?? { status: "Unknown", message: "there is no such condition yet" };
    },
    reboot: async () => {
      machine.off();
      await machine.boot();
      await node.start("containerd");
      if (hasAgent) await node.start("agent");
      await node.start("kubelet");
    },
  };
  return node;
}

/** From its first boot until the cluster has given it a subnet. */
export async function bringUp(
  node: ClusterNode,
  control: Control,
  archives: readonly string[],
): Promise<void> {
  await node.must("cp", loopback, "/opt/cni/bin/");
  await node.start("containerd");
  for (const archive of archives) await node.importImage(archive);
  await node.start("kubelet");
  await control.until(`${node.name} has a subnet for its pods`, async () => {
    const { spec } = await control.get<NodeObject>("node", node.name);
    node.podCidr = spec.podCIDR ?? "";
    return node.podCidr !== "";
  });
}
