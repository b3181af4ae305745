import { describe, expect, test } from "bun:test";
import { increase32, oneLife, passed, type Sample } from "../../src/measure/counters.ts";
import { counters } from "./support.ts";

describe("a 32-bit counter", () => {
  test.each([
    ["went up", 5, 9, 4],
    ["stood", 5, 5, 0],
    ["wrapped", 2 ** 32 - 3, 4, 7],
    ["began anew", 1000, 0, null],
    ["began anew, from a count beyond 32 bits", 2 ** 40, 10, null],
  ])("%s", (_, before, after, increase) => {
    expect(increase32(before, after)).toBe(increase);
  });
});

describe("between two looks", () => {
  test.each([
    [
      "both went up",
      { bytes: 10, packets: 1 },
      { bytes: 30, packets: 3 },
      { bytes: 20, packets: 2 },
    ],
    [
      "nothing passed",
      { bytes: 10, packets: 1 },
      { bytes: 10, packets: 1 },
      { bytes: 0, packets: 0 },
    ],
    [
      "the packets wrapped",
      { packets: 2 ** 32 - 1 },
      { bytes: 9, packets: 1 },
      { bytes: 9, packets: 2 },
    ],
    ["the bytes went down", { bytes: 10, packets: 1 }, { bytes: 9, packets: 2 }, null],
    ["the packets went down", { bytes: 10, packets: 5 }, { bytes: 900, packets: 2 }, null],
  ])("%s", (_, before, after, expected) => {
    expect(passed(counters(before), counters(after))).toEqual(expected);
  });
});

describe("one life of a class", () => {
  const at = (...bytes: (number | null)[]): Sample[] =>
    bytes.map((b, i) => ({ atMs: i, counters: b === null ? null : counters({ bytes: b }) }));
  test.each([
    ["never there", at(null, null), "absent"],
    ["no look at all", at(), "absent"],
    ["made meanwhile", at(null, 0, 10), "appeared"],
    ["made just before the last look", at(null, null, 10), "appeared"],
    ["removed meanwhile", at(0, 10, null), "vanished"],
    ["gone for a look", at(0, null, 10), "replaced"],
    ["a counter went down", at(0, 10, 9, 20), "replaced"],
    ["made, and made anew", at(null, 10, 9), "replaced"],
  ])("%s", (_, samples, why) => {
    expect(oneLife(samples)).toEqual({ known: false, why: why as "absent" });
  });

  test("there throughout", () => {
    expect(oneLife(at(0, 10, 10))).toHaveLength(3);
  });
});
