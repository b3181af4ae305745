import { expect, test } from "bun:test";
import { type Run, scalePage } from "./page.ts";

const run = (part: Partial<Run>): Run => ({
  ...{ side: "default", title: "with them", nodes: 1_000, pods: 5_000, seed: 1, share: 0.95 },
  ...{ startedAtMs: 0, createdMs: 9_000, boundMs: 20_000, schedulerSeconds: 15, isWhole: true },
  verdict: {
    ...{ bound: 4_900, pending: 100, overfull: [], refused: 0, needless: [], undecided: 0 },
    mostPods: 9,
    used: { egress: 0.93, ingress: 0.925 },
    smallest: { name: "p", mbps: { egress: 700, ingress: 0 }, why: "0/1000 nodes are available" },
  },
  ...part,
});

test("sides stand beside each other, and runs of one side in one cell", () => {
  const verdict = {
    ...run({}).verdict,
    ...{ bound: 5_000, pending: 0, smallest: null, refused: 3 },
    overfull: ["a: egress 3 of 2 Mbit/s", "a: ingress 3 of 2 Mbit/s", "b: egress 3 of 2 Mbit/s"],
  };
  const environment = {
    ...{ cores: 2, processor: "a", memoryBytes: 2 ** 34, kernel: "6.18", congestionControl: "" },
    versions: [{ name: "Kubernetes", version: "1.37.2" }],
  };
  const page = scalePage({
    environment,
    runs: [run({}), run({ boundMs: 25_000 }), run({ title: "without", verdict, isWhole: false })],
  });
  expect(page).toContain("1,000 nodes, 5,000 pods that ask together for 95.0% of them");
  expect(page).toContain("| | with them | without |".replace("| |", "|  |"));
  expect(page).toContain("| first create to last binding, s | 20.0, 25.0 | 20.0 |");
  expect(page).toContain("| pods bound per second | 245, 196 | 250 |");
  expect(page).toContain("| nodes with more than they have | 0 | 2 of 1,000 |");
  expect(page).toContain("without: ended at its limit, and not by itself");
  expect(page).toContain("asks for 700 Mbit/s out and 0 in: `0/1000 nodes are available`");
  expect(page).toEndWith("2 x a, 16.0 GiB, kernel 6.18, Kubernetes 1.37.2\n");
});
