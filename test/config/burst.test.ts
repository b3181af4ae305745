import { expect, test } from "bun:test";
import { parseBurst } from "../../src/config/burst.ts";
import { maxSizeBytes } from "../../src/config/quantities.ts";
import type { Burst } from "../../src/config/types.ts";

const size = (bytes: number): Burst => ({ kind: "size", bytes });
const time = (us: number): Burst => ({ kind: "time", us });

test.each<[string | number, Burst]>([
  ["64Ki", size(65_536)],
  ["32k", size(32_000)],
  [1, size(1)],
  ["4294967295", size(maxSizeBytes)],
  ["4ms", time(4_000)],
  ["1us", time(1)],
  ["1.5s", time(1_500_000)],
])("%p is %p", (text, burst) => {
  expect(parseBurst(text, "key")).toEqual(burst);
});

test.each<[string | number, string]>([
  ["0", 'key: "0" would let nothing pass'],
  ["0ms", 'key: "0ms" would let nothing pass'],
  ["4m", 'key: "4m" is not a whole number of bytes'],
  ["4min", 'key: "4min" is not a size'],
  ["s", 'key: "s" is not a duration'],
  ["0.5us", 'key: "0.5us" is not a whole number of microseconds'],
  [-1, "key: -1 is negative"],
  ["4294967296", 'key: "4294967296" is more than 4294967295 bytes'],
])("%p is refused", (text, message) => {
  expect(() => parseBurst(text, "key")).toThrow(message);
});
