/** What the page is told: everything of a small node, and a bounded part of a large one. */
import { expect, test } from "bun:test";
import { mostRows, pageState, type Show } from "../../src/ui/state.ts";
import { about, liveClassOf, liveOf, treeOf } from "./support.ts";

const all = { find: "", show: "all" } as const;

test("a pod that gets more than its guarantee borrows the rest", () => {
  const live = liveOf(liveClassOf("a/b", { guaranteeBits: 10e6, rateBits: 25e6, verdict: "kept" }));
  const { rows, trees, counts } = pageState(live, all, about);
  expect(rows[0]).toMatchObject({ pod: "a/b", borrowedBits: 15e6 });
  expect(trees[0]).toMatchObject({ withinBits: 10e6, borrowedBits: 15e6, broken: 0 });
  expect(trees[0]?.parts).toMatchObject([{ pod: "a/b", withinBits: 10e6, borrowedBits: 15e6 }]);
  expect(counts).toEqual({ all: 1, trouble: 0, waiting: 0, borrowing: 1 });
});

test("trouble comes first, and else names decide, so that rows stay where they are", () => {
  const live = liveOf(
    liveClassOf("c/kept", { verdict: "kept", rateBits: 9e9 }),
    liveClassOf("b/missed", { verdict: "missed" }),
    liveClassOf("a/idle"),
    liveClassOf("z/missing", { verdict: "missing", rateBits: null }),
    liveClassOf("a/idle", { direction: "ingress" }),
  );
  const names = pageState(live, all, about).rows.map(({ pod, direction }) => `${pod} ${direction}`);
  expect(names).toEqual([
    "z/missing egress",
    "b/missed egress",
    "a/idle egress",
    "a/idle ingress",
    "c/kept egress",
  ]);
});

test("a direction without promise and traffic is left out", () => {
  const nothing = { guaranteeBits: 0, verdict: "bestEffort", rateBits: 0 } as const;
  const live = liveOf(
    liveClassOf("a/silent", nothing),
    liveClassOf("a/sends", { ...nothing, rateBits: 1 }),
    liveClassOf("a/limited", { ...nothing, limitBits: 1e6 }),
  );
  expect(pageState(live, all, about).rows.map(({ pod }) => pod)).toEqual(["a/limited", "a/sends"]);
});

test.each<[Show, string[]]>([
  ["all", ["a", "b", "c"]],
  ["trouble", ["b"]],
  ["waiting", ["c"]],
  ["borrowing", ["a"]],
])("show=%s", (show, names) => {
  const live = liveOf(
    liveClassOf("a", { verdict: "kept", rateBits: 30e6 }),
    liveClassOf("b", { verdict: "missed" }),
    liveClassOf("c", { verdict: "waiting", waitingMs: 3_000 }),
  );
  const rows = pageState(live, { find: "", show }, about).rows;
  expect(rows.map(({ pod }) => pod).toSorted()).toEqual(names);
});

test("a part of a name or of a tier finds a pod, in capitals or not", () => {
  const live = liveOf(liveClassOf("shop/web-1"), liveClassOf("batch/job", { tier: "Gold" }));
  const found = (find: string) =>
    pageState(live, { find, show: "all" }, about).rows.map(({ pod }) => pod);
  expect(found("WEB")).toEqual(["shop/web-1"]);
  expect(found("gold")).toEqual(["batch/job"]);
  expect(found("<nothing>")).toEqual([]);
});

test("of 5,000 pods: a hundred rows, the rest counted, and a band that adds up", () => {
  const pods = Array.from({ length: 5_000 }, (_, i) =>
    liveClassOf(`ns/pod-${String(i).padStart(4, "0")}`, { rateBits: i === 4_321 ? 5e6 : 1e3 }),
  );
  const live = { trees: [treeOf({ promisedBits: 5e10, capacityBits: 1e11 })], classes: pods };
  const state = pageState(live, all, about);
  expect(state.rows).toHaveLength(mostRows);
  expect(state.more).toBe(4_900);
  expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
  const [tree] = state.trees;
  const sum = tree?.parts.reduce((bits, { guaranteeBits }) => bits + guaranteeBits, 0);
  expect(sum).toBe(5e10);
  expect(tree?.parts.at(-1)).toMatchObject({ pod: null, pods: 4_976 });
  expect(pageState(live, { find: "pod-4321", show: "all" }, about)).toMatchObject({
    rows: [{ pod: "ns/pod-4321" }],
    more: 0,
  });
});
