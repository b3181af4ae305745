/** docs/commands.md shows what `fairway status` prints. `bun test/docs/sample-main.ts` writes it. */
import { expect, test } from "bun:test";
import { blockThat } from "../support/page.ts";
import { pageSample, sampleBegins, sampleOf, samplePage, shapeOf } from "./sample-run.ts";

test("docs/commands.md: `$ fairway status` on three pods, but for the numbers", async () => {
  const shown = shapeOf(blockThat(samplePage, sampleBegins));
  const printed = await sampleOf((told) => shapeOf(pageSample(told)) === shown);
  expect(shapeOf(pageSample(printed))).toBe(shown);
  expect(shown).toContain("kept shop/web-N egress N / N BAR");
});
