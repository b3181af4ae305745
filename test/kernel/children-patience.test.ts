/** How long a process waits for tools, as one that runs one verb and as one that lives. */
import { expect, test } from "bun:test";

/** Others' copy of it belongs to a process of one verb. */
const own = "../../src/patience.ts?of its own";
const { limitTools, toolHung, toolPatienceMs, whyNoTool } = (await import(
  own
)) as typeof import("../../src/patience.ts");

test("a process of one verb waits as long as it is told; one that lives waits less, and less again", () => {
  toolHung("nft -f - did not end", 0);
  expect([whyNoTool(1), toolPatienceMs(20_000, 1)]).toEqual([null, 20_000]);
  limitTools(2_000);
  expect([whyNoTool(1), toolPatienceMs(20_000, 1), toolPatienceMs(300, 1)]).toEqual([
    null,
    2_000,
    300,
  ]);
  toolHung("nft -f - did not end", 10);
  expect([whyNoTool(11), toolPatienceMs(20_000, 11)]).toEqual(["nft -f - did not end", 500]);
  expect([whyNoTool(29_999), whyNoTool(30_010)]).toEqual(["nft -f - did not end", null]);
  expect(toolPatienceMs(20_000, 30_010)).toBe(2_000);
});
