import { expect, test } from "bun:test";
import { type NodeSeen, readNode } from "../../src/cluster/node-object.ts";
import {
  differs,
  nodeAnnotationsOf,
  notThisMachine,
  untaint,
} from "../../src/cluster/node-told.ts";
import { nothingPromised } from "../../src/ledger/promised.ts";
import { networkBase } from "../ledger/fixtures/samples.ts";

const meta = { uid: "n1", name: "node1", namespace: "", resourceVersion: "1" };
const node = (part: object = {}): NodeSeen => readNode({ metadata: meta, ...part }, meta);
const ours = { key: "fairway.dev/agent-not-ready", effect: "NoSchedule" };
const theirs = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

test("what is promised and what is free", () => {
  const promised = { ...nothingPromised, egress: { guaranteedBits: 4e9, floors: 0 } };
  const { trees } = networkBase("pods");
  expect(nodeAnnotationsOf(trees, promised, "pool", null)).toEqual({
    "fairway.dev/bandwidth-class": "pool",
    "fairway.dev/egress-capacity": "10G",
    "fairway.dev/egress-promised": "4G",
    "fairway.dev/egress-free": "5.5G",
    "fairway.dev/ingress-capacity": "10G",
    "fairway.dev/ingress-promised": "0",
    "fairway.dev/ingress-free": "9.5G",
  });
  expect(nodeAnnotationsOf(null, promised, null, null)).toEqual({});
});

test("others' annotations make no difference, and ours that are to go do", () => {
  const has = (annotations: object) => node({ metadata: { ...meta, annotations } });
  expect(differs(has({ other: "x" }), {})).toBe(false);
  expect(differs(has({ "fairway.dev/egress-free": "1M" }), {})).toBe(true);
  expect(
    differs(has({ "fairway.dev/egress-free": "1M" }), { "fairway.dev/egress-free": "1M" }),
  ).toBe(false);
});

test("only the own taint is taken away, where it stands", () => {
  expect(untaint(node({ spec: { taints: [theirs] } }))).toBeNull();
  expect(untaint(node())).toBeNull();
  expect(untaint(node({ spec: { taints: [theirs, ours] } }))).toEqual([
    { op: "test", path: "/spec/taints/1", value: ours },
    { op: "remove", path: "/spec/taints/1" },
  ]);
});

test("a Node of another boot is another machine's", () => {
  const of = (bootID: string) => node({ status: { nodeInfo: { bootID } } });
  expect(notThisMachine(of("b"), "a")).toContain("boot b");
  expect(notThisMachine(of("a"), "a")).toBeNull();
  expect(notThisMachine(node(), "a")).toBeNull();
});
