import { expect, test } from "bun:test";
import { renderNodes } from "../../../src/ops/kubectl/nodes-text.ts";
import { nodesShown } from "../../../src/ops/kubectl/seen.ts";
import { widthOf } from "../../../src/ops/status/text-table.ts";
import { agentObject, nodeObject, podObject, shares } from "./objects.ts";

const allocatable = { egress: "380", ingress: "380" };
const long = "ip-10-20-30-40.eu-central-1.compute.internal";
const shown = nodesShown(
  [
    nodeObject("node1", { allocatable, annotations: shares("400M", "100M", "280M") }),
    nodeObject("node2", { annotations: shares("400M", "0", "380M"), isReady: false }),
    nodeObject(long),
    nodeObject("node4", {
      allocatable,
      annotations: { ...shares("400M", "0", "380M"), "fairway.dev/egress-short": "20M" },
      isCordoned: true,
    }),
  ],
  [
    agentObject("node1"),
    agentObject("node4", { isReady: false, version: "0.0.9" }),
    podObject("bound", { node: "node1", egressMbps: 200 }),
  ],
);

test("at 80 columns: the sums, a row for each node, and what is to be known of it", () => {
  expect(renderNodes(shown, 80)).toBe(`\
4 nodes, 1 with an agent that is ready; 1040 of 1200 Mbit/s of egress free, 1040
of 1200 Mbit/s of ingress free.

NODE                           AGENT            EGRESS           INGRESS
ip-10-20-30-40…mpute.internal  NONE             -                -
node1                          0.1.0            280 / 100 / 400  280 / 100 / 400
node2                          NONE             380 / 0 / 400    380 / 0 / 400
node4                          0.0.9 NOT READY  380 / 0 / 400    380 / 0 / 400

EGRESS, INGRESS: free for guarantees / promised to pods / capacity, in Mbit/s.
Capacity less what is promised is more than what is free: the rest is the node's
reserve.
ip-10-20-30-40.eu-central-1.compute.internal: no agent is there, so nothing is
promised there.
node1: egress: the scheduler gives 180 Mbit/s more, since it counts requests.
node2: no agent is ready there, so these are the figures that the last one
wrote.
node2: the node is not Ready.
node4: no agent is ready there, so these are the figures that the last one
wrote.
node4: it is cordoned, so no pod is placed there.
node4: egress: 20 Mbit/s more are promised than it has.
`);
});

test.each([20, 40, 80, 120])("in %d columns no line is longer", (columns) => {
  const widths = renderNodes(shown, columns).split("\n").map(widthOf);
  expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
});

test("a pipe gets whole names", () => {
  expect(renderNodes(shown, null)).toContain(long);
});

test("a cluster without nodes says so", () => {
  expect(renderNodes([], 80)).toBe("The cluster shows no node.\n");
});
