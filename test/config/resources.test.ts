import { expect, test } from "bun:test";
import { bitsPerMbps, mbpsDown, mbpsUp } from "../../src/config/resources.ts";

test.each<[bits: number, up: number, down: number]>([
  [0, 0, 0],
  [1_000, 1, 0],
  [50 * bitsPerMbps, 50, 50],
  [50 * bitsPerMbps + 1, 51, 50],
  [50 * bitsPerMbps - 1, 50, 49],
])("%d bit/s", (bits, up, down) => {
  expect([mbpsUp(bits), mbpsDown(bits)]).toEqual([up, down]);
});
