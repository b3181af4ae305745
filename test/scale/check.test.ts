import { expect, test } from "bun:test";
import { type FoundPod, judged } from "./check.ts";

const nodes = [
  { name: "a", mbps: { egress: 100, ingress: 100 } },
  { name: "b", mbps: { egress: 200, ingress: 50 } },
];

const pod = (
  name: string,
  node: string | null,
  egress: number,
  ingress: number,
  why: string | null = null,
): FoundPod => ({ name, node, mbps: { egress, ingress }, why });

test("what fills a node to its last Mbit/s fits", () => {
  const verdict = judged(nodes, [pod("p", "a", 60, 100), pod("q", "a", 40, 0)]);
  expect(verdict).toEqual({
    ...{ bound: 2, pending: 0, overfull: [], refused: 0, needless: [], undecided: 0 },
    mostPods: 2,
    used: { egress: 1 / 3, ingress: 2 / 3 },
    smallest: null,
  });
});

test("one more does not, in the direction that it is about", () => {
  const verdict = judged(nodes, [pod("p", "b", 10, 50), pod("q", "b", 10, 1), pod("r", "b", 9, 0)]);
  expect(verdict.overfull).toEqual(["b: ingress 51 of 50 Mbit/s"]);
  expect(verdict.refused).toBe(1);
});

test("a Pending pod is needless where one node has room in both directions", () => {
  const full = [pod("p", "a", 50, 60), pod("q", "b", 100, 0)];
  const both = pod("r", null, 60, 45, "0/2 nodes");
  // a has not enough of the one direction, and b of both.
  const neither = pod("s", null, 60, 55, "0/2 nodes");
  const verdict = judged(nodes, [...full, both, neither]);
  expect(verdict).toMatchObject({ bound: 2, pending: 2, undecided: 0, needless: ["r"] });
  expect(verdict.smallest).toEqual({
    ...{ name: "r", mbps: { egress: 60, ingress: 45 }, why: "0/2 nodes" },
  });
  const unseen = judged(nodes, [pod("t", null, 1, 1)]);
  expect(unseen).toMatchObject({ pending: 1, undecided: 1, needless: [], smallest: null });
});

test("a node that there is not is an error", () => {
  expect(() => judged(nodes, [pod("p", "c", 1, 1)])).toThrow("bound to c, which there is not");
});
