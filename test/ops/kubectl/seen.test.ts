import { describe, expect, test } from "bun:test";
import type { Json } from "../../../src/kube/objects.ts";
import { agentsIn, freeMbps, nodesShown } from "../../../src/ops/kubectl/seen.ts";
import { agentObject, nodeObject, podObject, shares } from "./objects.ts";

const allocatable = { egress: "380", ingress: "1k" };

describe("a node", () => {
  test("has what its agent wrote, and what the scheduler counts for its pods", () => {
    const node = nodeObject("node1", { allocatable, annotations: shares("400M", "100M", "280M") });
    const pods = [
      podObject("web", { node: "node1", egressMbps: 100 }),
      podObject("ended", { node: "node1", egressMbps: 50, phase: "Succeeded" }),
      podObject("elsewhere", { node: "node2", egressMbps: 50 }),
      podObject("waits", { egressMbps: 50, phase: "Pending" }),
      agentObject("node1", { port: 9464 }),
    ];
    const [shown] = nodesShown([node], pods);
    expect(shown).toMatchObject({
      isReady: true,
      isCordoned: false,
      agent: { name: "fairway-of-node1", version: "0.1.0", isReady: true, port: 9464 },
      share: {
        egress: { capacityBits: 4e8, promisedBits: 1e8, freeBits: 2.8e8, shortBits: 0 },
      },
      schedulable: {
        egress: { allocatableMbps: 380, countedMbps: 100 },
        ingress: { allocatableMbps: 1000, countedMbps: 0 },
      },
    });
    expect(freeMbps(shown?.schedulable.egress ?? null)).toBe(280);
  });

  test("that says nothing has nothing, and one that says half has nothing either", () => {
    const half = { "fairway.dev/egress-capacity": "400M", "fairway.dev/egress-free": "lots" };
    const [none, some] = nodesShown([nodeObject("a"), nodeObject("b", { annotations: half })], []);
    for (const shown of [none, some])
      expect(shown).toMatchObject({
        agent: null,
        share: { egress: null, ingress: null },
        schedulable: { egress: null, ingress: null },
      });
  });

  test("stands in the order of names", () => {
    const names = nodesShown(
      ["c", "a", "b"].map((name) => nodeObject(name)),
      [],
    );
    expect(names.map(({ node }) => node.name)).toEqual(["a", "b", "c"]);
  });
});

test("of two agents' pods on a node, the one that is ready counts", () => {
  const pods = [
    agentObject("node1", { name: "new" }),
    agentObject("node1", { name: "old", isReady: false }),
  ];
  for (const each of [pods, pods.toReversed()])
    expect(agentsIn(each).get("node1")?.name).toBe("new");
});

test("a pod with the label and without an agent is none", () => {
  const labels = { "app.kubernetes.io/name": "fairway" };
  expect(agentsIn([podObject("other", { node: "node1", labels })]).size).toBe(0);
});

test("a tenant's pod that calls itself an agent is none, since it has not the node's network", () => {
  const agent = agentObject("node1");
  const { spec } = agent as { spec: Json };
  const { hostNetwork: _, ...own } = spec;
  const metadata = { ...(agent.metadata as Json), namespace: "shop", name: "z" };
  const tenants = { ...agent, metadata, spec: own };
  expect(agentsIn([tenants]).size).toBe(0);
  expect(agentsIn([agent, tenants]).get("node1")?.namespace).toBe("kube-system");
});
