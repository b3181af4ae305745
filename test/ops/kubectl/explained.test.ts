import { describe, expect, test } from "bun:test";
import { tiersOfClass } from "../../../src/admission/class-tiers.ts";
import type { Json } from "../../../src/kube/objects.ts";
import { renderExplained } from "../../../src/ops/kubectl/explain-text.ts";
import { type ExplainAsk, explained } from "../../../src/ops/kubectl/explained.ts";
import { nodesShown } from "../../../src/ops/kubectl/seen.ts";
import type { Subject } from "../../../src/ops/kubectl/subject.ts";
import { widthOf } from "../../../src/ops/status/text-table.ts";
import { deploymentObject, nodeObject, podObject } from "./objects.ts";

const allocatable = { egress: "380", ingress: "380" };
const nodes = [
  nodeObject("node1", { allocatable }),
  nodeObject("node2", { allocatable }),
  nodeObject("node3"),
];

const guarantee = (rate: string) => ({ "fairway.dev/egress-guarantee": rate });
const full = [
  podObject("a", { node: "node1", egressMbps: 300 }),
  podObject("b", { node: "node2", egressMbps: 360 }),
];

function ask(object: Json, pods: Json[], over: Partial<ExplainAsk> = {}): ExplainAsk {
  const { spec, metadata } = object as { spec: Json; metadata: { name: string } };
  const kind: Subject["kind"] = "template" in spec ? "deployment" : "pod";
  const pod = kind === "pod" ? object : (spec.template as Json);
  const subject = { kind, name: metadata.name, namespace: "default", object, pod };
  return { subject, tiers: null, pods, nodes: nodesShown(nodes, pods), ...over };
}

const text = (asked: ExplainAsk, width: number | null = 80): string =>
  renderExplained(explained(asked), width);

const waiting = (annotations: Record<string, string>): Json =>
  podObject("web", { annotations, phase: "Pending" });

describe("a pod", () => {
  test("that fits somewhere", () => {
    expect(text(ask(waiting(guarantee("70M")), full))).toBe(`\
Pod default/web asks for 70 Mbit/s of egress. It fits on 1 of 3 nodes: node1.
-> The scheduler does not count it: the pod has no requests of fairway.dev, so
only the node itself refuses what does not fit (docs/scheduling.md).

NODE   FITS  EGRESS  INGRESS
node1  yes   80      380
node2  no    20      380
  egress lacks 50 Mbit/s
node3  no    -       -
  no agent tells what it has of egress

EGRESS, INGRESS: what the scheduler can still give there, in Mbit/s. Processors,
memory, volumes and rules about other pods are not looked at here.
`);
  });

  test("that has claims is not taken for best effort", () => {
    const claimed = waiting({});
    claimed.spec = { ...(claimed.spec as Json), resourceClaims: [{ name: "bandwidth" }] };
    const said = text(ask(claimed, full), null);
    expect(said).toStartWith(
      "Pod default/web asks for no guarantee but by its claims. Whether they fit is not looked at here.\n" +
        "-> Claims are not looked at here (bandwidth): kubectl -n default get resourceclaims -o yaml tells",
    );
    expect(said).not.toContain("best effort");
    expect(said).not.toContain("FITS");
    const web = deploymentObject("web", 2);
    const { template } = web.spec as { template: Json };
    template.spec = { ...(template.spec as Json), resourceClaims: [{ name: "bandwidth" }] };
    expect(text(ask(web, []), null)).toContain(
      "0 of 2 replicas are on a node; how many more fit is not looked at here.\n-> Claims are",
    );
  });

  test("that fits nowhere is told what would", () => {
    const words = "0/3 nodes are available: 3 Insufficient fairway.dev/egress-mbps.";
    const pod = podObject("web", {
      egressMbps: 100,
      phase: "Pending",
      status: { conditions: [{ type: "PodScheduled", status: "False", message: words }] },
    });
    const said = text(ask(pod, full), null);
    expect(said).toContain("IT FITS NOWHERE: on none of 3 nodes.");
    expect(said).toContain("-> node1 has room for 80 Mbit/s of egress instead of 100.");
    expect(said).toContain("fits once pods on node1 have given back 20 Mbit/s of egress");
    expect(said).toContain(`The scheduler says: ${words}`);
    expect(said).not.toContain("ever has");
    expect(said).not.toContain("does not count it");
  });

  test("that no node could ever have", () => {
    const said = text(ask(waiting(guarantee("1G")), full), null);
    expect(said).toContain("-> node1 has room for 80 Mbit/s of egress instead of 1000.");
    expect(said).toContain(
      "-> No node of this cluster ever has 1000 Mbit/s of egress to give: the most is 380.",
    );
    expect(said).not.toContain("given back");
  });

  test("that the nearest node could never have, and another could", () => {
    const small = nodeObject("small", { allocatable: { egress: "90", ingress: "90" } });
    const shown = nodesShown([...nodes, small], full);
    const said = text(ask(waiting(guarantee("100M")), full, { nodes: shown }), null);
    expect(said).toContain("-> small has room for 90 Mbit/s of egress instead of 100.");
    expect(said).toContain("fits once pods on node1 have given back 20 Mbit/s of egress");
  });

  test("that no node could have in both directions", () => {
    const uneven = [
      nodeObject("out", { allocatable: { egress: "900", ingress: "100" } }),
      nodeObject("in", { allocatable: { egress: "100", ingress: "900" } }),
    ];
    const both = { ...guarantee("500M"), "fairway.dev/ingress-guarantee": "500M" };
    const said = text(ask(waiting(both), [], { nodes: nodesShown(uneven, []) }), null);
    expect(said).toContain(
      "-> No node of this cluster ever has 500 Mbit/s of egress and 500 Mbit/s of ingress to give: the most is 900 and 900, on different nodes.",
    );
  });

  test("that something else keeps away", () => {
    const pod = podObject("web", { egressMbps: 10, spec: { nodeSelector: { pool: "none" } } });
    const said = text(ask(pod, []), null);
    expect(said).toContain("-> Bandwidth is not what keeps it away");
    expect(said).toContain("  the pod's nodeSelector names others\n");
  });

  test("in a cluster where nobody tells anything", () => {
    const asked = ask(waiting(guarantee("10M")), []);
    const bare = nodesShown([nodeObject("node1")], []);
    expect(text({ ...asked, nodes: bare }, null)).toContain("-> No node tells what it has");
  });

  test("that is somewhere", () => {
    const pod = podObject("a", { node: "node1", egressMbps: 300 });
    const said = text(ask(pod, full), null);
    expect(said).toStartWith("Pod default/a asks for 300 Mbit/s of egress. It is on node1.\n\n");
  });

  test("that asks for nothing", () => {
    expect(text(ask(waiting({}), full), null)).toContain(
      "asks for no guarantee. As far as bandwidth goes it fits anywhere: it is best effort.",
    );
  });

  test("that would be refused is told the words of ADD", () => {
    const said = text(ask(waiting({ "fairway.dev/egress-garantee": "1M" }), full), null);
    expect(said).toContain("WOULD BE REFUSED: fairway.dev/egress-garantee: unknown annotation");
    expect(said).toContain('Did you mean "fairway.dev/egress-guarantee"?');
  });

  test("of a tier asks for what the tier gives", () => {
    const tiers = tiersOfClass({ spec: { tiers: { gold: { egressGuarantee: "50M" } } } });
    const asked = ask(waiting({ "fairway.dev/tier": "gold" }), full, { tiers });
    expect(text(asked, null)).toContain("asks for 50 Mbit/s of egress. It fits on 1 of 3 nodes");
  });
});

describe("a deployment", () => {
  const placed = (name: string, node: string) =>
    podObject(name, { node, egressMbps: 300, labels: { app: "full" } });
  const pods = [placed("full-1", "node1"), placed("full-2", "node2")];

  test("whose update never ends", () => {
    const said = text(ask(deploymentObject("full", 2, { egressMbps: 300 }), pods), null);
    expect(said).toStartWith(
      "Deployment default/full asks for each pod for 300 Mbit/s of egress. 2 of 2 replicas are on a node; 0 more fit now.\n-> Its next rolling update would never end",
    );
    expect(said).toContain("maxSurge: 0 and maxUnavailable: 1");
  });

  test("whose selector has expressions", () => {
    const object = deploymentObject("full", 2, { egressMbps: 300 });
    const key = { key: "app", operator: "In", values: ["full"] };
    const selector = { matchExpressions: [key] };
    const others = podObject("other", { node: "node1", labels: { app: "other" } });
    const asked = { ...object, spec: { ...(object.spec as Json), selector } };
    expect(text(ask(asked, [...pods, others]), null)).toContain("2 of 2 replicas are on a node");
  });

  test("whose update ends", () => {
    const strategy = { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
    const object = deploymentObject("full", 2, { egressMbps: 300, strategy });
    expect(text(ask(object, pods), null)).not.toContain("->");
  });

  test("of which some fit, and how many on each node", () => {
    const said = text(
      ask(deploymentObject("web", 8, { annotations: guarantee("100M") }), []),
      null,
    );
    expect(said).toContain("NOT ALL FIT: 0 of 8 replicas are on a node; 6 more fit now.");
    expect(said).toContain("node1  3 pods  380");
  });
});

test.each([20, 40, 80])("in %d columns no line is longer", (columns) => {
  const widths = text(ask(waiting(guarantee("100M")), full), columns)
    .split("\n")
    .map(widthOf);
  expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
});
