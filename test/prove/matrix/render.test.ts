import { expect, test } from "bun:test";
import { renderMarkdown } from "../../../src/prove/matrix/markdown.ts";
import { renderMatrix, renderScenario } from "../../../src/prove/matrix/table.ts";
import { matrixOf } from "./fixture.ts";

test("the last table has a line for each scenario and counts what was judged", () => {
  const lines = renderMatrix(matrixOf()).split("\n");
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
  expect(page).toContain("| processors | 2 x A processor \\| of some kind |");
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
