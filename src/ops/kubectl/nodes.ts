/** `kubectl fairway nodes` tells what each node has, has promised and has free, by what the API server knows. */
import { Command } from "commander";
import { print } from "../print.ts";
import { stdoutLook } from "../status/render.ts";
import { withApi } from "./api.ts";
import { chosen, wholeCluster } from "./cluster.ts";
import { nodesAsData, renderNodes } from "./nodes-text.ts";
import { type CommonOptions, withReach } from "./reach.ts";

async function run(options: CommonOptions): Promise<void> {
  const { nodes } = await withApi(options, wholeCluster);
  const found = chosen(nodes, options.node);
  // Whoever reads it may stop before its end.
  process.stdout.on("error", () => {});
  print(nodesAsData(found), options.json, () => renderNodes(found, stdoutLook().columns));
}

export const kubectlNodesCommand = (): Command =>
  withReach(new Command("nodes"))
    .description("each node's capacity, what is promised and free of it, and its agent")
    .action(run);
