import { describe, expect, test } from "bun:test";
import { renderMarkdown } from "../../../src/prove/report/markdown.ts";
import { renderAll, renderAlone, renderScenario } from "../../../src/prove/report/table.ts";
import { latency, times } from "../../../src/prove/report/words.ts";
import { wrap } from "../../../src/prove/report/wrap.ts";
import { type MainJob, matrixOf, passedJob, resultOf } from "../fixture.ts";

test("the last table has a line for each scenario and counts what was judged", () => {
  const lines = renderAll(matrixOf()).split("\n");
  expect(lines[0]).toBe("passed        kept    1 of 1 met");
  expect(lines[1]).toBe("failed        broken  0 of 1 met");
  expect(lines[3]).toBe("FAILED: 1 passed, 1 failed, 0 inconclusive, 61 s");
});

test("a scenario has what was measured beside what was wanted and what is without QoS", () => {
  const [kept, broken] = matrixOf().scenarios.map(renderScenario);
  expect(kept).toContain(
    "met      a pod, of its guarantee: 100.0% (at least 98.0%); without QoS 40.0%",
  );
  expect(kept).toContain("shown    beside");
  expect(kept).toContain("not judged: not promised");
  expect(broken).toContain("NOT MET  a pod, of its guarantee: 50.0% (at least 98.0%)\n");
  expect(broken).toContain("! a limit of the machine's");
});

test("what could not be run says why", () => {
  const [first] = matrixOf().scenarios;
  if (first === undefined) throw new Error("the fixture is empty");
  const failed = { ...first, checks: [], error: "ADD of the noisy pod failed: no HTB" };
  expect(renderScenario(failed)).toContain(
    "it could not be run: ADD of the noisy pod failed: no HTB",
  );
});

test("the page is a table that Markdown can read", () => {
  const page = renderMarkdown(matrixOf());
  expect(page).toContain("| processors | 2 x A <Processor> & Co \\| of some kind |");
  expect(page).toContain(
    "| kept | passed | a pod, of its guarantee: **100.0%** | at least 98.0% | 40.0% |",
  );
  expect(page).toContain("(not met)");
  expect(page).toContain("- broken: a limit of the machine's");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| kept") || line.startsWith("|  |"));
  for (const row of rows) expect(row.replaceAll("\\|", "").split("|")).toHaveLength(7);
});

function rendered(alter: (job: MainJob) => void = () => {}): string {
  const job = passedJob();
  alter(job);
  return renderAlone(resultOf(job));
}

describe("one scenario alone", () => {
  const rows: [string, RegExp][] = [
    ["what was asked", /steady asks for egress-guarantee 194M/],
    ["both modes, side by side, in one order", /no QoS\s+Fairway\n/],
    [
      "a pod against its promise",
      /steady: throughput, Mbit\/s \(194\.0 promised\)\s+100\.0 \(51\.5%\)\s+193\.9 \(99\.9%\)/,
    ],
    ["idle latency", /request-response, p50 \/ p99\s+100 us \/ 200 us\s+104 us \/ 208 us/],
    ["loaded latency", /15 ms \/ 45 ms\s+194 us \/ 582 us/],
    ["the slowdown", /its p50 against idle\s+150x\s+1\.9x/],
    ["what both send together", /egress: all together, of the capacity\s+102\.9%\s+99\.8%/],
    [
      "each check with what was wanted",
      /met\s+egress: the steady pod's p50 beside the noisy pod, to idle: 1\.87x/,
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
        .map(({ length }) => length),
    );
    expect(widest).toBeLessThanOrEqual(100);
  });

  test("marks what is not met", () => {
    const text = rendered(({ fairway }) => {
      const found = fairway["egress, requests"]?.latency.steady;
      if (found !== undefined) found.p50Us = null;
    });
    expect(text).toMatch(/NOT MET\s+egress: the steady pod's p50 .*beyond measure/);
    expect(text).toMatch(/lost \/ 582 us/);
    expect(text).toEndWith("FAILED: A promise was not kept.\n");
  });

  test("of many loads it shows the sum and both ends", () => {
    const result = resultOf(passedJob());
    for (const phases of Object.values(result.scenarios[0]?.modes ?? {}))
      for (const phase of phases)
        phase.loads = phase.loads.flatMap((load) =>
          Array.from({ length: 8 }, (_, n) => ({ ...load, name: `${load.name} ${n}` })),
        );
    const text = renderAlone(result);
    expect(text).toMatch(/8 loads together, Mbit\/s\s+3992\.0\s+3872\.0\n/);
    expect(text).toMatch(/the least of them\s+100\.0\s+193\.9\n/);
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
