import { expect, test } from "bun:test";
import type { NodeSeen } from "../../src/cluster/node-object.ts";
import { type Around, peerRoutesOf } from "../../src/cluster/peers.ts";
import { prefixOf } from "../../src/plan/prefix.ts";

const node = (n: number, part: Partial<NodeSeen> = {}): NodeSeen => ({
  name: `node${n}`,
  uid: `u${n}`,
  labels: {},
  annotations: {},
  taints: [],
  bootId: null,
  podCidrs: [`198.19.${n}.0/24`, `fd00:10:${n}::/64`],
  addresses: [`198.18.0.${n}`, `fd00:1::${n}`],
  resources: {
    capacity: { egress: null, ingress: null },
    allocatable: { egress: null, ingress: null },
  },
  ...part,
});

const around: Around = {
  dev: "eth0",
  networks: [prefixOf("198.18.0.0/24"), prefixOf("fd00:1::/64")],
  addresses: ["198.18.0.1", "fd00:1::1", "198.19.1.1"],
};

const routes = (...others: NodeSeen[]) => peerRoutesOf(node(1), [node(1), ...others], around);

test("a route for each family of each other node", () => {
  expect(routes(node(2))).toEqual({
    routes: [
      { dst: "198.19.2.0/24", gw: "198.18.0.2", dev: "eth0" },
      { dst: "fd00:10:2::/64", gw: "fd00:1::2", dev: "eth0" },
    ],
    refused: [],
  });
});

const v4 = (podCidr: string, address = "198.18.0.2"): NodeSeen =>
  node(2, { podCidrs: [podCidr], addresses: [address] });

test.each<[string, NodeSeen, string]>([
  ["not on the link", v4("198.19.2.0/24", "198.18.9.2"), "not on the link of eth0"],
  [
    "without an address of that family",
    node(2, { podCidrs: ["fd00:10:2::/64"], addresses: ["198.18.0.2"] }),
    "no InternalIP of IPv6",
  ],
  ["with our address", v4("198.19.2.0/24", "198.18.0.1"), "this node's own"],
  ["with our subnet", v4("198.19.1.0/24"), "this node's own"],
  ["with a subnet that holds ours", v4("198.19.0.0/16"), "overlaps"],
  ["with everything", v4("0.0.0.0/0"), "too large"],
  ["with the link's own network", v4("198.18.0.128/25"), "on the link"],
  ["with a subnet that is none", v4("lots"), "is none"],
  ["with an address that is none", v4("198.19.2.0/24", "$(reboot)"), "no InternalIP"],
])("a node %s gets no route", (_, other, words) => {
  const { routes: found, refused } = routes(other);
  expect(found).toEqual([]);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toContain("node2");
  expect(refused[0]).toContain(words);
});

test("of two nodes with one subnet the first by name has it", () => {
  const { routes: found, refused } = routes(v4("198.19.7.0/24"), {
    ...node(3),
    podCidrs: ["198.19.7.0/25"],
  });
  expect(found.map(({ gw }) => gw)).toEqual(["198.18.0.2"]);
  expect(refused[0]).toContain("Node node2's");
});

test("a node that has no subnet yet is no trouble", () => {
  expect(routes(node(2, { podCidrs: [] }))).toEqual({ routes: [], refused: [] });
});
