import { expect, test } from "bun:test";
import { TreeTotals } from "../../src/metrics/tree-totals.ts";
import { counters } from "../measure/support.ts";

const of = (bytes: number) => counters({ bytes });

test("on egress nobody claims what passed the host's own class", () => {
  const totals = new TreeTotals();
  totals.look("egress", { root: of(1_000), whole: of(1_000), host: of(100) });
  totals.look("egress", { root: of(3_000), whole: of(3_000), host: of(150) });
  expect(totals.values()).toEqual({
    fairway_tree_bytes_total: [{ labels: { direction: "egress" }, value: 3_000 }],
    fairway_tree_unclassified_bytes_total: [{ labels: { direction: "egress" }, value: 150 }],
  });
});

test("on ingress it is what passed no class, and it never goes down", () => {
  const totals = new TreeTotals();
  const seen: number[] = [];
  for (const [root, whole] of [
    [1_000, 900],
    // Read a moment later, the class is ahead of the root.
    [2_000, 1_950],
    [2_100, 1_950],
    [3_000, 2_700],
    // Made anew.
    [10, 5],
  ] as const) {
    totals.look("ingress", { root: of(root), whole: of(whole), host: null });
    seen.push(totals.values().fairway_tree_unclassified_bytes_total?.[0]?.value ?? -1);
  }
  expect(seen).toEqual([100, 100, 150, 300, 305]);
});

test("a tree that is not there has no series until it was there", () => {
  expect(new TreeTotals().values().fairway_tree_bytes_total).toEqual([]);
});
