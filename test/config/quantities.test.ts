import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatDuration,
  formatRate,
  parseBurstBytes,
  parseDurationUs,
  parseGuaranteeBits,
  parseLatencyTargetUs,
  parseLimitBits,
  parseRateBits,
  parseReserve,
  parseSizeBytes,
} from "../../src/config/quantities.ts";
import { FairwayError } from "../../src/errors.ts";
import { errorOf } from "./support.ts";

const key = "tiers.high.egressGuarantee";

describe("rates", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["+5", 5],
    ["-0", 0],
    ["1000m", 1],
    ["1000000u", 1],
    ["3000000000n", 3],
    ["8k", 8_000],
    ["400M", 400_000_000],
    ["1.5G", 1_500_000_000],
    [".5G", 500_000_000],
    ["2.M", 2_000_000],
    ["0.0000000001T", 100],
    ["1T", 1e12],
    ["1P", 1e15],
    ["0.001E", 1e15],
    ["1Ki", 1_024],
    ["1.5Mi", 1_572_864],
    ["0.25Ki", 256],
    ["2Gi", 2_147_483_648],
    ["1Ti", 1_099_511_627_776],
    ["0.5Pi", 562_949_953_421_312],
    ["0.0001220703125Ei", 140_737_488_355_328],
    ["1e6", 1_000_000],
    ["1E6", 1_000_000],
    ["1e+6", 1_000_000],
    ["1500e-2", 15],
    ["1.25e2", 125],
    ["0e999", 0],
    ["999999999999999", 999_999_999_999_999],
    [1_000_000, 1_000_000],
    [0, 0],
    [1e15, 1e15],
  ])("%p is %p bits per second", (text, bits) => {
    expect(parseRateBits(text, key)).toBe(bits);
  });

  test.each([
    ["", "is not a rate"],
    ["10Q", "is not a rate"],
    ["10 M", "is not a rate"],
    [" 10M", "is not a rate"],
    ["10M ", "is not a rate"],
    ["10MB", "is not a rate"],
    ["10Mbit", "is not a rate"],
    ["10K", "is not a rate"],
    ["10g", "is not a rate"],
    ["M", "is not a rate"],
    [".", "is not a rate"],
    ["1.2.3", "is not a rate"],
    ["1,5G", "is not a rate"],
    ["0x10", "is not a rate"],
    ["NaN", "is not a rate"],
    ["Infinity", "is not a rate"],
    ["1e", "is not a rate"],
    ["1e1.5", "is not a rate"],
    ["1e6M", "is not a rate"],
    ["constructor", "is not a rate"],
    ["1constructor", "is not a rate"],
    ["1".repeat(65), "is not a rate"],
    ["٣M", "is not a rate"],
    [Number.NaN, "is not a rate"],
    ["-1", "is negative"],
    ["-1G", "is negative"],
    [-5, "is negative"],
    ["1e999", "is more than 1P"],
    ["1e99999999999999999999", "is more than 1P"],
    ["1E", "is more than 1P"],
    ["1.000000000000001P", "is more than 1P"],
    ["1Pi", "is more than 1P"],
    [1e21, "is more than 1P"],
    ["1.5", "is not a whole number of bits per second"],
    ["1m", "is not a whole number of bits per second"],
    ["999999999n", "is not a whole number of bits per second"],
    ["0.1Ki", "is not a whole number of bits per second"],
    ["1e-999", "is not a whole number of bits per second"],
    [0.5, "is not a whole number of bits per second"],
  ])("%p is refused: %s", (text, problem) => {
    const error = errorOf(() => parseRateBits(text, key));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(`${key}: ${JSON.stringify(text)} `);
    expect(error.message).toContain(problem);
    expect(error.details).toContain("400M");
  });

  test.each([
    [0, "0"],
    [1, "1"],
    [999, "999"],
    [1_000, "1k"],
    [8_000, "8k"],
    [64_500, "64.5k"],
    [400_000_000, "400M"],
    [1_500_000_000, "1.5G"],
    [10_000_000_000, "10G"],
    [1_234_567_890, "1.23456789G"],
    [1_000_000_001, "1.000000001G"],
    [1e12, "1T"],
    [1e15, "1P"],
    [-1_500_000, "-1.5M"],
  ])("%p is written as %p", (bits, text) => {
    expect(formatRate(bits)).toBe(text);
  });

  test("what is written reads back exactly, from 1 kbit/s to 1 Pbit/s", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1e15 }), (bits) => {
        expect(parseRateBits(formatRate(bits), key)).toBe(bits);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a decimal of any unit is what integer arithmetic says, or a fraction and refused", () => {
    const units: [string, bigint][] = [
      ["m", 1n],
      ["", 1_000n],
      ["k", 1_000_000n],
      ["M", 10n ** 9n],
      ["G", 10n ** 12n],
      ["Ki", 1_024_000n],
      ["Mi", 1_048_576_000n],
    ];
    const decimal = fc.tuple(fc.nat(99_999), fc.nat(999), fc.constantFrom(...units));
    fc.assert(
      fc.property(decimal, ([integer, thousandths, [suffix, unitInMilli]]) => {
        const text = `${integer}.${String(thousandths).padStart(3, "0")}${suffix}`;
        const millionths = (BigInt(integer) * 1_000n + BigInt(thousandths)) * unitInMilli;
        if (millionths % 1_000_000n === 0n) {
          expect(parseRateBits(text, key)).toBe(Number(millionths / 1_000_000n));
        } else {
          expect(() => parseRateBits(text, key)).toThrow("is not a whole number");
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("whatever text comes in, it is a rate or a FairwayError", () => {
    const near = fc.stringMatching(/^[-+0-9.eEkKMGTPinum ]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        try {
          const bits = parseRateBits(text, key);
          expect(Number.isSafeInteger(bits) && bits >= 0 && bits <= 1e15).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(FairwayError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("guarantees and limits", () => {
  test("a guarantee of 0 is none; a limit of 0 is an error", () => {
    expect(parseGuaranteeBits("0", key)).toBe(0);
    expect(() => parseLimitBits("0", key)).toThrow(`${key}: "0" would let nothing pass`);
  });

  test.each([parseGuaranteeBits, parseLimitBits])("%p takes 1k and refuses less", (parse) => {
    expect(parse("1k", key)).toBe(1_000);
    expect(() => parse("999", key)).toThrow("is less than 1k");
  });
});

describe("sizes", () => {
  test.each([
    ["32k", 32_000],
    ["1Mi", 1_048_576],
    [1_500, 1_500],
    ["4294967295", 4_294_967_295],
  ])("%p is %p bytes", (text, bytes) => {
    expect(parseSizeBytes(text, "tiers.a.egressBurst")).toBe(bytes);
    expect(parseBurstBytes(text, "tiers.a.egressBurst")).toBe(bytes);
  });

  test.each([
    ["4Gi", "is more than 4294967295 bytes"],
    ["1.5", "is not a whole number of bytes"],
    ["5ms", "is not a size"],
    ["-1k", "is negative"],
  ])("%p is refused: %s", (text, problem) => {
    expect(() => parseSizeBytes(text, "tiers.a.egressBurst")).toThrow(problem);
  });

  test("a burst of 0 is an error", () => {
    expect(() => parseBurstBytes(0, "tiers.a.egressBurst")).toThrow(
      "tiers.a.egressBurst: 0 would let nothing pass",
    );
  });
});

describe("durations", () => {
  test.each([
    ["500us", 500],
    ["1ms", 1_000],
    ["1.5ms", 1_500],
    [".25ms", 250],
    ["2s", 2_000_000],
    ["0.000001s", 1],
    ["0us", 0],
    ["4294967295us", 4_294_967_295],
  ])("%p is %p us", (text, microseconds) => {
    expect(parseDurationUs(text, "latencyTarget")).toBe(microseconds);
  });

  test.each([
    ["5", "is not a duration"],
    ["", "is not a duration"],
    ["ms", "is not a duration"],
    ["5 ms", "is not a duration"],
    ["5MS", "is not a duration"],
    ["1m", "is not a duration"],
    ["1e3us", "is not a duration"],
    ["0.5us", "is not a whole number of microseconds"],
    ["1.0005ms", "is not a whole number of microseconds"],
    ["-1ms", "is negative"],
    ["2h", "is not a duration"],
    ["5000s", "is more than 4294967295 us"],
  ])("%p is refused: %s", (text, problem) => {
    const error = errorOf(() => parseDurationUs(text, "latencyTarget"));
    expect(error.message).toBe(`latencyTarget: "${text}" ${problem}`);
    expect(error.kind).toBe("badConfig");
  });

  test("a latency target of 0 is an error", () => {
    expect(() => parseLatencyTargetUs("0ms", "latencyTarget")).toThrow("no latency");
    expect(parseLatencyTargetUs("1us", "latencyTarget")).toBe(1);
  });

  test.each([
    [0, "0us"],
    [500, "500us"],
    [1_500, "1500us"],
    [1_000, "1ms"],
    [2_000_000, "2s"],
    [1_001_000, "1001ms"],
  ])("%p us is written as %p", (microseconds, text) => {
    expect(formatDuration(microseconds)).toBe(text);
    expect(parseDurationUs(text, "latencyTarget")).toBe(microseconds);
  });
});

describe("the reserve", () => {
  test.each([
    ["5%", { kind: "percent", percent: 5 }],
    ["0%", { kind: "percent", percent: 0 }],
    ["2.125%", { kind: "percent", percent: 2.125 }],
    ["99.999%", { kind: "percent", percent: 99.999 }],
    ["100M", { kind: "rate", bits: 100_000_000 }],
    [50_000_000, { kind: "rate", bits: 50_000_000 }],
  ] as const)("%p is %p", (text, reserve) => {
    expect(parseReserve(text, "uplink.reserve")).toEqual(reserve);
  });

  test.each(["100%", "-5%", "5 %", "%", "5.0001%", "1e1%", "M%"])("%p is refused", (text) => {
    const error = errorOf(() => parseReserve(text, "uplink.reserve"));
    expect(error.message).toContain(`uplink.reserve: "${text}" is not a percentage`);
    expect(error.details).toContain("5%");
  });

  test("a reserve that is no rate either is refused as a rate", () => {
    expect(() => parseReserve("5Q", "uplink.reserve")).toThrow(
      'uplink.reserve: "5Q" is not a rate',
    );
  });
});
