/** A node of a lab with an agent that is part of a cluster: a real API server, which runs in the node's namespace. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, startAgent } from "../support/agent.ts";
import { repository } from "../support/binary.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import { kubeconfigOf } from "./keys.ts";
import type { Json, Kubectl } from "./kubectl.ts";

const nodeName = "node1";

const manifests = ["rbac.yaml", "bandwidthclass.yaml", "own-node-policy.yaml"];

interface Event {
  reason: string;
  note: string;
  type: string;
  count: number;
}

export interface MemberNode {
  node: TestNode;
  server: ApiServer;
  /** Where the runtime would read its networks. */
  confDir: string;
  agent(options?: string[]): Promise<Agent>;
  /** Makes the pod of the API, and its attachment as a runtime does. `on` is the name of its Node, else node1. */
  pod(name: string, annotations?: Record<string, string>, on?: string): Promise<Pod>;
  /** Makes the pod of the API alone; its uid. */
  object(name: string, annotations?: Record<string, string>, on?: string): Promise<string>;
  attach(name: string, uid: string, annotations?: Record<string, string>): Pod;
  annotate(name: string, ...words: string[]): Promise<string>;
  /** Of a pod, or of a Node. */
  events(name: string): Promise<Event[]>;
  untilEvent(name: string, reason: string): Promise<Event>;
  /** What the ledger promises: guarantees in bit/s. */
  promised(name: string): { egress: number; ingress: number; limit: number | null };
  nodeAnnotations(): Promise<Record<string, string>>;
  /** A file with the token of the agent's service account, and a kubeconfig that names it. */
  tokenFile: string;
  kubeconfig: string;
}

export const nodeObject = (name: string, part: Json = {}): Json => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { pool: "storage" } },
  ...part,
});

/** The token that a pod of the agent's on this node has. */
export async function agentToken(server: Pick<Kubectl, "kubectl">, node: string): Promise<string> {
  const text = await server.kubectl(
    ...["create", "token", "fairway", "-n", "kube-system"],
    ...["--bound-object-kind", "Node", "--bound-object-name", node],
  );
  return text.trim();
}

export async function install(server: Kubectl): Promise<void> {
  for (const name of manifests)
    await server.apply(readFileSync(join(repository, "conf/cluster", name), "utf8"));
  const crd = "crd/bandwidthclasses.fairway.dev";
  await server.kubectl("wait", "--for=condition=Established", crd, "--timeout=30s");
}

export async function withMember(
  use: (member: MemberNode) => Promise<void>,
  taints: Json[] = [],
): Promise<void> {
  await withNode(async (node) => {
    const folder = mkdtempSync(join(tmpdir(), "fairway-member-"));
    const server = await apiServer({ namespace: node.lab.node });
    try {
      await server.until("there is a default namespace", async () => {
        const { code } = await server.tryKubectl(["get", "namespace", "default", "kube-system"]);
        return code === 0;
      });
      await server.tryKubectl(["create", "serviceaccount", "default"]);
      await server.apply(nodeObject(nodeName, { spec: { taints } }));
      await install(server);
      await use(await memberOf(node, server, folder));
    } finally {
      await server.down();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function memberOf(node: TestNode, server: ApiServer, folder: string): Promise<MemberNode> {
  const [tokenFile, kubeconfig] = [join(folder, "token"), join(folder, "kubeconfig")];
  writeFileSync(tokenFile, await agentToken(server, nodeName));
  const config = JSON.parse(
    kubeconfigOf(server.url, server.ca, { name: "agent", token: "", groups: [] }),
  ) as { users: Json[] };
  config.users = [{ name: "agent", user: { tokenFile } }];
  writeFileSync(kubeconfig, JSON.stringify(config));
  const confDir = join(folder, "net.d");

  const object: MemberNode["object"] = async (name, annotations = {}, on = nodeName) => {
    await server.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, annotations },
      spec: {
        nodeName: on,
        automountServiceAccountToken: false,
        containers: [{ name: "c", image: "none" }],
      },
    });
    return (await server.get<{ metadata: { uid: string } }>("pod", name)).metadata.uid;
  };
  const attach: MemberNode["attach"] = (name, uid, annotations = {}) => {
    const pod = node.pod(name);
    node.add(pod, {
      annotations,
      args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name};K8S_POD_UID=${uid}`,
    });
    return pod;
  };
  const events: MemberNode["events"] = async (name) => {
    const text = await server.kubectl("get", "events.events.k8s.io", "-A", "-o", "json");
    const { items } = JSON.parse(text) as {
      items: (Event & { regarding: { name: string }; series?: { count: number } })[];
    };
    return items
      .filter(({ regarding }) => regarding.name === name)
      .map(({ reason, note, type, series }) => ({ reason, note, type, count: series?.count ?? 1 }));
  };
  return {
    ...{ node, server, confDir, tokenFile, kubeconfig, object, attach, events },
    agent: (options = []) =>
      startAgent(node, {
        options: [
          ...["--cluster", "--node", nodeName, "--kubeconfig", kubeconfig],
          ...["--conf-dir", confDir, ...options],
        ],
      }),
    pod: async (name, annotations, on) =>
      attach(name, await object(name, annotations, on), annotations),
    annotate: (name, ...words) => server.kubectl("annotate", "pod", name, "--overwrite", ...words),
    untilEvent: async (name, reason) => {
      let found: Event | undefined;
      await server.until(`an event ${reason} of ${name}`, async () => {
        found = (await events(name)).find((each) => each.reason === reason);
        return found !== undefined;
      });
      return found as Event;
    },
    promised: (name) => {
      const status = JSON.parse(node.fairway("status", "--json", "--no-measure").stdout) as {
        pods: {
          pod: string | null;
          egress: { guaranteeBits: number; limitBits: number | null };
          ingress: { guaranteeBits: number };
        }[];
      };
      const found = status.pods.find(({ pod }) => pod === `default/${name}`);
      if (found === undefined)
        throw new Error(`status has no ${name}: ${JSON.stringify(status.pods)}`);
      const { egress, ingress } = found;
      return {
        egress: egress.guaranteeBits,
        ingress: ingress.guaranteeBits,
        limit: egress.limitBits,
      };
    },
    nodeAnnotations: async () => {
      const found = await server.get<{ metadata: { annotations?: Record<string, string> } }>(
        "node",
        nodeName,
      );
      return found.metadata.annotations ?? {};
    },
  };
}
