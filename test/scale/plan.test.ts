import { expect, test } from "bun:test";
import { directions } from "../../src/plan/node.ts";
import { parts, planOf } from "./plan.ts";

const options = { nodes: 50, pods: 250, seed: 7, share: 0.95 };
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

test("the pods ask together for the share, and none for more than a node has", () => {
  const { nodes, pods } = planOf(options);
  expect([nodes.length, pods.length]).toEqual([50, 250]);
  for (const direction of directions) {
    const has = sum(nodes.map(({ mbps }) => mbps[direction]));
    const asked = sum(pods.map(({ mbps }) => mbps[direction]));
    expect(asked / has).toBeCloseTo(0.95, 3);
    expect(Math.max(...pods.map(({ mbps }) => mbps[direction]))).toBeLessThanOrEqual(23_750);
  }
  expect(new Set(nodes.map(({ mbps }) => mbps.egress))).toEqual(new Set([9_500, 23_750]));
  expect(new Set(pods.map(({ name }) => name)).size).toBe(250);
});

test("a seed gives the same pods, another one others", () => {
  expect(planOf(options)).toEqual(planOf(options));
  expect(planOf({ ...options, seed: 8 }).pods).not.toEqual(planOf(options).pods);
});

test.each([
  [10, [1, 1], [5, 5]],
  [10, [1, 0, 2], [3, 0, 7]],
  [7, [1, 1, 1], [2, 3, 2]],
  [7, [], []],
])("%d in proportion to %p", (whole, weights, expected) => {
  expect(parts(whole, weights)).toEqual(expected);
});
