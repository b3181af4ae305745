import { describe, expect, test } from "bun:test";
import { delayWords, rateWords } from "../../src/measure/words.ts";

describe("a measured rate", () => {
  test.each([
    [0, "0bit/s"],
    [999.4, "999bit/s"],
    [999.7, "1kbit/s"],
    [39_812_345, "39.8Mbit/s"],
    [398_123_456, "398Mbit/s"],
    [1.2349e9, "1.23Gbit/s"],
    [123e9, "123Gbit/s"],
  ])("%d is %s", (bits, words) => {
    expect(rateWords(bits)).toBe(words);
  });
});

describe("a measured delay", () => {
  test.each([
    [null, "no end"],
    [0, "0"],
    [0.4, "<1us"],
    [12.34, "12.3us"],
    [999.7, "1ms"],
    [4_321, "4.32ms"],
    [2_500_000, "2.5s"],
  ])("%p is %s", (us, words) => {
    expect(delayWords(us)).toBe(words);
  });
});
