/** Reads the pods' subnets of this node from its object in the cluster. */
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { KubeClient } from "../../kube/client.ts";
import { accessBy, isNodeName, nodeNamed, nodeVariable } from "../cluster-access.ts";
import { version } from "../version.ts";
import { checkSubnets } from "./conflist.ts";
import { type SubnetOptions, subnetsOfNode } from "./subnets.ts";

export interface ClusterOptions {
  node?: string;
  kubeconfig?: string;
}

type Options = SubnetOptions & ClusterOptions;

/** Throws badConfig. */
export function checkClusterOptions(options: Options): void {
  if (options.subnetFromCluster !== true) {
    const idle = (["node", "kubeconfig"] as const).find((name) => options[name] !== undefined);
    if (idle === undefined) return;
    throw new FairwayError(
      "badConfig",
      `--${idle} says something about --subnet-from-cluster only, which was not given`,
      `give --subnet-from-cluster too, or leave --${idle} out`,
    );
  }
  if (isNodeName(nodeNamed(options.node))) return;
  throw new FairwayError(
    "badConfig",
    `--subnet-from-cluster: ${JSON.stringify(nodeNamed(options.node))} cannot be a node's name`,
    `give --node NAME, or ${nodeVariable} in the environment: one of \`kubectl get nodes\``,
  );
}

/** A node that has just joined gets its subnet when the controller manager comes to it. */
const patienceMs = 60_000;
const pauseMs = 1_000;

interface Looked {
  object: JsonObject | null;
  /** What was wrong; null where the node has subnets. */
  trouble: FairwayError | null;
}

async function look(client: KubeClient, node: string): Promise<Looked> {
  try {
    const object = await client.ask({ path: `/api/v1/nodes/${node}` });
    if (!isObject(object)) throw new Error("the answer is no object");
    return { object, trouble: null };
  } catch (error) {
    const trouble = new FairwayError(
      "unavailable",
      `the node ${node} cannot be read from ${client.server}: ${messageOf(error)}`,
      "see that the API server is reached from this node (KUBERNETES_SERVICE_HOST), that the node has this name, and that the service account may get nodes",
      { cause: error },
    );
    return { object: null, trouble };
  }
}

async function subnetsOfCluster(options: Options): Promise<string[]> {
  const client = new KubeClient(accessBy(options.kubeconfig), `fairway/${version}`);
  const node = nodeNamed(options.node);
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const { object, trouble } = await look(client, node);
    try {
      if (trouble !== null) throw trouble;
      return checkSubnets(subnetsOfNode(object ?? {}, `node ${node}`));
    } catch (error) {
      if (performance.now() >= deadlineMs) throw error;
    }
    await Bun.sleep(pauseMs);
  }
}

/** The options with what the cluster says in the place of the question. */
export async function withClusterSubnets<T extends Options>(options: T): Promise<T> {
  if (options.subnetFromCluster !== true) return options;
  return { ...options, subnetFromCluster: false, subnet: await subnetsOfCluster(options) };
}
