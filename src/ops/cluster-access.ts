/** How a command that runs on a node of a cluster knows which node that is, and its API server. */
import { type Access, kubeconfigAccess, podAccess } from "../kube/access.ts";

export const nodeVariable = "NODE_NAME";

/** As the API allows it: a name of DNS, in small letters, that can stand in a path. */
const nodePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export const isNodeName = (name: string): boolean => nodePattern.test(name);

/** Given, else as the environment of a pod has it. "" means neither. */
export const nodeNamed = (given: string | undefined): string =>
  given ?? process.env[nodeVariable] ?? "";

/** By a kubeconfig's path, else as a pod. Throws badConfig, io. */
export const accessBy = (kubeconfig: string | undefined): Access =>
  kubeconfig === undefined ? podAccess(process.env) : kubeconfigAccess(kubeconfig);
