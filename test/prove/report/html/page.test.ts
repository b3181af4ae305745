import { describe, expect, test } from "bun:test";
import { renderHtml } from "../../../../src/prove/report/html/page.ts";
import { type MainJob, matrixOf, passedJob, resultOf } from "../../fixture.ts";

function rendered(alter: (job: MainJob) => void = () => {}): string {
  const job = passedJob();
  alter(job);
  return renderHtml(resultOf(job));
}

/** Opening tags in order, closed or not: enough to see that templates nest. */
function unbalanced(markup: string): string[] {
  const open: string[] = [];
  const body = markup.replace(/<style>.*?<\/style>/s, "");
  for (const [, slash, name = "", end] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (["meta"].includes(name) || end) continue;
    if (!slash) open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe("the report", () => {
  const page = rendered();
  test("is one file that loads nothing and runs nothing", () => {
    expect(page).toStartWith("<!DOCTYPE html>");
    expect(page).not.toMatch(/<script|<link|<img|https?:|url\(|@import| on\w+=/);
  });
  test("closes every tag", () => expect(unbalanced(page)).toEqual([]));
  test("plots latency beside each load, throughput of each phase, direction and mode", () => {
    expect(page.match(/aria-label="Round trips over time/g)).toHaveLength(2);
    expect(page.match(/aria-label="Throughput over time/g)).toHaveLength(8);
  });
  test("draws numbers only", () => expect(page).not.toMatch(/NaN|Infinity|undefined|null/));
  test("follows the reader's light or dark", () => {
    expect(page).toContain("prefers-color-scheme: dark");
  });
  test("escapes what the machine calls itself", () => {
    expect(page).toContain("A &lt;Processor&gt; &amp; Co");
    expect(page).not.toContain("<Processor>");
  });
  test("begins with a sentence, and plots stand before tables", () => {
    const at = ['class="headline"', "<svg", "<table"].map((each) => page.indexOf(each));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at).not.toContain(-1);
  });
  test("each value of a table tells its column, where a phone shows them one below the other", () => {
    const cells = page.match(/<td class="value[^"]*"[^>]*>/g) ?? [];
    expect(cells.length).toBeGreaterThan(20);
    expect(cells.filter((cell) => !cell.includes("data-of="))).toEqual([]);
  });
  test("shows verdict, checks and comparison", () => {
    expect(page).toContain('<span class="badge">passed</span>');
    expect(page.match(/✓ met/g)).toHaveLength(6);
    expect(page).toContain("193.9 (99.9%)");
  });
});

test("a run in which nothing was answered still draws", () => {
  const page = rendered((job) => {
    for (const phases of [job.fairway, job.noQos])
      for (const { latency } of Object.values(phases))
        for (const run of Object.values(latency)) {
          run.p50Us = null;
          run.series = run.series.map((point) => ({ ...point, p50Us: null, maxUs: null, lost: 5 }));
        }
  });
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  expect(page).toContain("<li>idle: most requests of steady were never answered");
  expect(page).toContain('<span class="badge">inconclusive</span>');
  expect(unbalanced(page)).toEqual([]);
});

test("several scenarios stand one below the other, with what could not be run", () => {
  const result = matrixOf();
  const [first] = result.scenarios;
  if (first !== undefined) first.error = "there is no <HTB>";
  const page = renderHtml(result);
  expect(page.match(/<h2 id="(kept|broken)">/g)).toHaveLength(2);
  expect(page).toContain("It could not be run: there is no &lt;HTB&gt;");
  expect(page).toContain("not judged: not promised");
  expect(unbalanced(page)).toEqual([]);
});
