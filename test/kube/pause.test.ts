import { expect, test } from "bun:test";
import { pauseMs } from "../../src/kube/pause.ts";

test.each([
  [1, 0, 250],
  [1, 0.5, 500],
  [2, 0.5, 1_000],
  [4, 0, 2_000],
  [7, 0.5, 30_000],
  [1_000_000, 0.999, 44_970],
])("attempt %d with chance %d waits %d ms", (attempt, chance, ms) => {
  expect(pauseMs(attempt, chance)).toBe(ms);
});
