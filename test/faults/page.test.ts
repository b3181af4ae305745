import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { faultTable, mergedSweeps, withSection } from "./page.ts";
import type { Played } from "./support/play.ts";
import type { SweepResult } from "./sweep-main.ts";

const played: Played = {
  ...{
    verb: "ADD",
    title: "a pod",
    isLaunched: false,
    recovery: "one DEL",
    points: { ledger: 2, kernel: 1 },
  },
  tries: [
    { fault: "kill-before", kind: "ledger", outcome: "recovered" },
    { fault: "kill-after", kind: "ledger", outcome: "recovered" },
    { fault: "full", kind: "ledger", outcome: "undone" },
  ],
  ...{ failures: [], failedFaults: [], errors: {}, seconds: 1 },
};

test("a row counts the tries by fault and by what came of them", () => {
  expect(faultTable([played])).toContain("| ADD | a pod | 3 | 2 | 1 |");
  expect(faultTable([played])).toContain("| 1 | 2 | 0 | one DEL |");
});

test("what did not come out as it has to is told in its column", () => {
  const failed: Played = { ...played, failures: ["it"], failedFaults: ["full"] };
  expect(faultTable([failed])).toContain("| **1 of 2** |");
  expect(faultTable([failed])).toStartWith("4 tries, 3 of them");
});

const sweep = (seed: number, rounds: number, error: string[]): SweepResult => ({
  seeds: [seed],
  fairway: {
    counts: {
      ...{ rounds, addsKilled: 1, delsKilled: 2, notKilled: 3, addsLost: 0, alive: 4 },
      ...{ duplicates: [], failures: error, seconds: 5 },
    },
    leaks: { addresses: 0, devices: 1, classes: 0, elements: 0, rows: 0, notWhole: [] },
  },
  reference: null,
});

test("sweeps add up", () => {
  const { seeds, fairway, reference } = mergedSweeps([sweep(1, 10, ["a"]), sweep(2, 20, ["b"])]);
  expect({ seeds, reference }).toEqual({ seeds: [1, 2], reference: null });
  expect(fairway.counts).toMatchObject({ rounds: 30, delsKilled: 4, failures: ["a", "b"] });
  expect(fairway.leaks.devices).toBe(2);
});

test("a section is replaced, and one that has no place is an error", () => {
  const page =
    "a\n<!-- x: written by scripts/test-faults --record -->\nold\n<!-- end of x -->\nb\n";
  expect(withSection(page, "x", "new")).toBe(page.replace("old", "new"));
  expect(() => withSection(page, "y", "new")).toThrow("no section y");
});

test("each test that the page names is there", () => {
  const read = (path: string): string => readFileSync(join(repository, path), "utf8");
  const named = [
    ...read("docs/engineering/reliability.md").matchAll(/`(test\/[\w./-]+)`: "([^"]+)"/g),
  ];
  expect(named.length).toBeGreaterThan(20);
  for (const [, path = "", title = ""] of named)
    expect({ path, title, isThere: read(path).includes(`"${title}"`) }).toEqual({
      ...{ path, title },
      isThere: true,
    });
});
