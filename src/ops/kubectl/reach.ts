/** Which API server is meant, as kubectl is told it, and what all commands of `kubectl fairway` take. */
import type { Command } from "commander";

export interface Reach {
  context?: string;
  kubeconfig?: string;
}

export interface CommonOptions extends Reach {
  json?: boolean;
  namespace?: string;
  node?: string;
}

export const kubectlOptions = ({ context, kubeconfig }: Reach): string[] => [
  ...(context === undefined ? [] : [`--context=${context}`]),
  ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
];

export const withReach = (command: Command): Command =>
  command
    .exitOverride()
    .option("--node <NAME>", "only this node")
    .option("--context <NAME>", "the context of the kubeconfig (handed on to kubectl)")
    .option("--kubeconfig <FILE>", "the kubeconfig (handed on to kubectl)")
    .option("--json", "as data");
