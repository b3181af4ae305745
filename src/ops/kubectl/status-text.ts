/** Writes the statuses of several nodes, each as `fairway status` writes its own. Pure. */
import type { NodeStatus } from "../status/model.ts";
import { type Rendering, render } from "../status/render.ts";
import { errorLines, type FromNode } from "./each-node.ts";

export type Seen = FromNode<NodeStatus>;

/** With a heading for each node, where there are several. What could not be asked stands at the end. */
export function renderSeen(seen: readonly Seen[], rendering: Rendering): string {
  const blocks = seen.flatMap(({ node, found }) => {
    if (found === null) return [];
    const heading = seen.length === 1 ? "" : `== ${node}\n`;
    return [`${heading}${render(found, rendering)}`];
  });
  const errors = errorLines(seen).map((words) => `${words}\n`);
  return [...blocks, ...errors].join("\n");
}

/** Of what `--json` prints. Each status has a version of its own (conf/status.schema.json). */
const nodesStatusVersion = 1;

export const seenAsData = (seen: readonly Seen[]) => ({
  schemaVersion: nodesStatusVersion,
  nodes: seen.map(({ node, found, error }) => ({ node, status: found, error })),
});
