/** The cluster's nodes, with what is needed of their pods, as the API server tells them. */
import { FairwayError } from "../../errors.ts";
import type { Json } from "../../kube/objects.ts";
import type { Api } from "./api.ts";
import { agentsSelector, type NodeShown, nodesShown } from "./seen.ts";

const podsPath = "/api/v1/pods";
const nodesPath = "/api/v1/nodes";
const [listNodes, listPods] = ["list nodes", "list the pods of all namespaces"];

/** The node that was asked for, or all of them. Throws badConfig where there is none of that name. */
export function chosen(nodes: readonly NodeShown[], name: string | undefined): NodeShown[] {
  const found = nodes.filter(({ node }) => name === undefined || node.name === name);
  if (found.length > 0 || name === undefined) return found;
  throw new FairwayError(
    "badConfig",
    `--node ${JSON.stringify(name)}: the cluster has no such node`,
    "`kubectl get nodes` names them",
  );
}

/** With all pods, since the scheduler counts each of them. Throws unavailable. */
export async function wholeCluster(api: Api): Promise<{ nodes: NodeShown[]; pods: Json[] }> {
  const nodes = await api.list(listNodes, nodesPath);
  const pods = await api.list(listPods, podsPath);
  return { nodes: nodesShown(nodes, pods), pods };
}

/** With the agents' pods alone. Throws unavailable. */
export async function nodesWithAgents(api: Api): Promise<NodeShown[]> {
  const nodes = await api.list(listNodes, nodesPath);
  const pods = await api.list(listPods, podsPath, agentsSelector);
  return nodesShown(nodes, pods);
}
