import { describe, expect, test } from "bun:test";
import { renderHtml } from "../../../src/prove/html/page.ts";
import { judge } from "../../../src/prove/judge.ts";
import type { ProveResult } from "../../../src/prove/result.ts";
import { passedResult } from "../fixture.ts";

function rendered(alter: (result: ProveResult) => void = () => {}): string {
  const result = passedResult();
  alter(result);
  return renderHtml({ ...result, judgements: judge(result) });
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
  test("plots latency for both directions, throughput for both directions and modes", () => {
    expect(page.match(/aria-label="Round trips over time/g)).toHaveLength(2);
    expect(page.match(/aria-label="Throughput over time/g)).toHaveLength(4);
  });
  test("draws numbers only", () => expect(page).not.toMatch(/NaN|Infinity|undefined|null/));
  test("follows the reader's light or dark", () => {
    expect(page).toContain("prefers-color-scheme: dark");
  });
  test("escapes what the machine calls itself", () => {
    expect(page).toContain("A &lt;Processor&gt; &amp; Co");
    expect(page).not.toContain("<Processor>");
  });
  test("shows verdict, checks and comparison", () => {
    expect(page).toContain('<span class="badge">passed</span>');
    expect(page.match(/✓ met/g)).toHaveLength(6);
    expect(page).toContain("193.9 (99.9%)");
  });
});

test("a run in which nothing was answered still draws", () => {
  const page = rendered((result) => {
    for (const mode of Object.values(result.modes)) {
      for (const run of [mode.idle, mode.egress.loaded, mode.ingress.loaded]) {
        run.p50Us = null;
        run.series = run.series.map((point) => ({ ...point, p50Us: null, maxUs: null, lost: 5 }));
      }
    }
    result.verdict = "inconclusive";
    result.limits = ["all < none"];
  });
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  expect(page).toContain("<li>all &lt; none</li>");
  expect(unbalanced(page)).toEqual([]);
});
