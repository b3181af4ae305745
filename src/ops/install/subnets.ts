/** Reads the pods' subnets of this node from where the options say. */
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import { readText } from "../read.ts";
import { checkSubnets, parseConflist, subnetsOf } from "./conflist.ts";

export interface SubnetOptions {
  subnet?: string[];
  subnetFromNodeJson?: string;
  subnetFromConflist?: string;
  subnetFromCluster?: boolean;
}

/** "-" is standard input. Throws io. */
export const readInput = (file: string): string => readText(file, file === "-" ? 0 : file);

/** The subnets of a Node of the Kubernetes API: spec.podCIDRs, else spec.podCIDR. Throws badConfig. */
export function subnetsOfNode(json: JsonObject, of: string): string[] {
  const spec = isObject(json.spec) ? json.spec : {};
  const listed = Array.isArray(spec.podCIDRs) ? spec.podCIDRs : [spec.podCIDR];
  const subnets = listed.filter((each) => typeof each === "string" && each !== "");
  if (json.kind === "Node" && subnets.length > 0) return subnets as string[];
  throw new FairwayError(
    "badConfig",
    json.kind === "Node"
      ? `${of}: the node has neither spec.podCIDRs nor spec.podCIDR`
      : `${of} is of kind ${JSON.stringify(json.kind ?? null)}, not a Node`,
    json.kind === "Node"
      ? "the cluster gives its nodes no subnets (kube-controller-manager --allocate-node-cidrs): give --subnet"
      : "give one node's object: kubectl get node NAME -o json",
  );
}

/** Takes the subnets of the first plugin that has any, in a conflist or in a plugin's own configuration. */
function subnetsOfConflist(text: string, of: string): string[] {
  const { json } = parseConflist(text, of);
  const plugins = Array.isArray(json.plugins) ? json.plugins.filter(isObject) : [json];
  const found = plugins.map(subnetsOf).find((subnets) => subnets.length > 0);
  if (found !== undefined) return found;
  throw new FairwayError(
    "badConfig",
    `${of}: no plugin in it has a subnet under "ipam"`,
    "give --subnet, or the conflist of a plugin with host-local's addresses",
  );
}

/**
 * Whether any subnet is given. Throws badConfig where it is given in more than one way, or is no subnet. This
 * reads no file.
 */
export function checkSubnetSources(options: SubnetOptions): boolean {
  const { subnet = [], subnetFromNodeJson: node, subnetFromConflist: conflist } = options;
  const isFromCluster = options.subnetFromCluster === true;
  const sources = [subnet.length > 0, node !== undefined, conflist !== undefined, isFromCluster];
  const given = sources.filter(Boolean).length;
  if (given > 1)
    throw new FairwayError(
      "badConfig",
      "the pod subnet is given in more than one way",
      "give --subnet, --subnet-from-node-json, --subnet-from-conflist or --subnet-from-cluster",
    );
  checkSubnets(subnet);
  return given > 0;
}

/** undefined means that no subnet was asked for. Throws badConfig, io, decode. */
export function askedSubnets(options: SubnetOptions): string[] | undefined {
  checkSubnetSources(options);
  const { subnet = [], subnetFromNodeJson: node, subnetFromConflist: conflist } = options;
  if (node !== undefined)
    return checkSubnets(subnetsOfNode(parseConflist(readInput(node), node).json, node));
  if (conflist !== undefined) return checkSubnets(subnetsOfConflist(readInput(conflist), conflist));
  return subnet.length > 0 ? checkSubnets(subnet) : undefined;
}
