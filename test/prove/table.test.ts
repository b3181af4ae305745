import { describe, expect, test } from "bun:test";
import { judge } from "../../src/prove/judge.ts";
import type { ProveResult } from "../../src/prove/result.ts";
import { renderTable, wrap } from "../../src/prove/table.ts";
import { latency, times } from "../../src/prove/words.ts";
import { passedResult } from "./fixture.ts";

function rendered(alter: (result: ProveResult) => void = () => {}): string {
  const result = passedResult();
  alter(result);
  return renderTable({ ...result, judgements: judge(result) });
}

describe("the table", () => {
  const rows: [string, RegExp][] = [
    ["both modes, side by side, in one order", /no QoS\s+Fairway\n/],
    [
      "the steady pod against its promise",
      /throughput, Mbit\/s \(194\.0 promised\)\s+100\.0 \(51\.5%\)\s+193\.9 \(99\.9%\)/,
    ],
    ["idle latency", /request-response, p50 \/ p99\s+100 us \/ 250 us\s+104 us \/ 212 us/],
    ["loaded latency", /15 ms \/ 45 ms\s+194 us \/ 582 us/],
    ["the slowdown", /its p50 against idle\s+150x\s+1\.9x/],
    ["what both send together", /both together, of the capacity\s+102\.9%\s+99\.8%/],
    [
      "each check with what was wanted",
      /met\s+Fairway: the steady pod's loaded p50, against idle \(egress\)\s+1\.9x, at most 3x/,
    ],
    ["how TCP payload became frames", /x 1514\/1448/],
    ["where it ran", /kernel 6\.1\.0-test/],
    ["the verdict last", /\nPASSED: The promises were kept\.\n$/],
  ];
  test.each(rows)("shows %s", (_title, wanted) => expect(rendered()).toMatch(wanted));

  test("is at most a hundred columns wide", () => {
    const widest = Math.max(
      ...rendered()
        .split("\n")
        .map((line) => line.length),
    );
    expect(widest).toBeLessThanOrEqual(100);
  });

  test("marks what is not met", () => {
    const text = rendered((r) => {
      r.modes.fairway.egress.loaded.p50Us = null;
      r.verdict = "failed";
    });
    expect(text).toMatch(
      /NOT MET\s+Fairway: the steady pod's loaded p50, against idle \(egress\)\s+beyond measure/,
    );
    expect(text).toMatch(/lost \/ 582 us/);
    expect(text).toEndWith("FAILED: A promise was not kept.\n");
  });

  test("tells why a run is inconclusive", () => {
    const text = rendered((r) => {
      r.limits = ["the generator is slow"];
      r.verdict = "inconclusive";
    });
    expect(text).toContain("The machine limited this run:\n  - the generator is slow\n");
  });
});

describe("latencies have the unit that fits", () => {
  test.each([
    [null, "lost"],
    [8.24, "8.2 us"],
    [99.4, "99 us"],
    [524.4, "524 us"],
    [1000, "1 ms"],
    [15_130, "15.1 ms"],
  ] as const)("%p", (us, wanted) => expect(latency(us)).toBe(wanted));
});

describe("ratios", () => {
  test.each([
    [null, "beyond measure"],
    [1.94, "1.9x"],
    [151.4, "151x"],
  ] as const)("%p", (ratio, wanted) => expect(times(ratio)).toBe(wanted));
});

test("wrapping breaks between words and keeps a bullet's indent", () => {
  const word = "x".repeat(60);
  expect(wrap(`${word} ${word}`, "  ", "- ")).toEqual([`  - ${word}`, `    ${word}`]);
});
