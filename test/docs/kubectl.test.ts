/** What docs/kubectl.md shows is what the commands print, in 80 columns. */
import { expect, test } from "bun:test";
import { renderExplained } from "../../src/ops/kubectl/explain-text.ts";
import { explained } from "../../src/ops/kubectl/explained.ts";
import { renderNodes } from "../../src/ops/kubectl/nodes-text.ts";
import { nodesShown } from "../../src/ops/kubectl/seen.ts";
import {
  agentObject,
  deploymentObject,
  nodeObject,
  podObject,
  shares,
} from "../ops/kubectl/objects.ts";
import { blockThat } from "../support/page.ts";

const columns = 80;

/** The block's first line is the command, and "..." stands for the rest. */
function expectShown(command: string, printed: string): void {
  const [, ...shown] = blockThat("docs/kubectl.md", command).trimEnd().split("\n");
  expect(shown.at(-1)).toBe("...");
  expect(printed.split("\n").slice(0, shown.length - 1)).toEqual(shown.slice(0, -1));
}

test("nodes", () => {
  const allocatable = { egress: "380", ingress: "380" };
  const all = shares("400M", "0", "380M");
  const busy = { "fairway.dev/egress-promised": "300M", "fairway.dev/egress-free": "80M" };
  const nodes = [
    nodeObject("node1", { allocatable, annotations: { ...all, ...busy } }),
    nodeObject("node2", { allocatable, annotations: all }),
  ];
  const shown = nodesShown(nodes, [agentObject("node1"), agentObject("node2")]);
  expectShown("$ kubectl fairway nodes", renderNodes(shown, columns));
});

test("explain", () => {
  const allocatable = { egress: "380", ingress: "380" };
  const places = ["node1", "node2"];
  const labels = { app: "web" };
  const pods = places.map((node) => podObject(`web-${node}`, { node, labels, egressMbps: 300 }));
  const object = deploymentObject("web", 2, { egressMbps: 300 });
  const { template } = object.spec as { template: typeof object };
  const subject = { kind: "deployment", namespace: "default", name: "web", object } as const;
  const nodes = nodesShown(
    places.map((name) => nodeObject(name, { allocatable })),
    pods,
  );
  const found = explained({ subject: { ...subject, pod: template }, tiers: null, nodes, pods });
  expectShown("$ kubectl fairway explain deployment/web", renderExplained(found, columns));
});
