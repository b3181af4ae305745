import { describe, expect, test } from "bun:test";
import { CommanderError } from "commander";
import { proveCommand } from "../../src/prove/command.ts";
import { parseSeconds, parseWire, settingsFor } from "../../src/prove/settings.ts";

test("the promise is 40% of a capacity of 97% of the wire", () => {
  expect(settingsFor(500e6, 4)).toMatchObject({
    wireBits: 500_000_000,
    capacityBits: 485_000_000,
    guaranteeBits: 194_000_000,
  });
});

describe("what is refused", () => {
  test.each([
    ["a slow wire", () => parseWire("199M"), /"199M" is less than 200M/],
    ["a wire without a number", () => parseWire("fast"), /--wire.*fast/],
    ["no time to measure", () => parseSeconds("1"), /from 2 to 60/],
    ["too much of it", () => parseSeconds("61"), /from 2 to 60/],
    ["part of a second", () => parseSeconds("2.5"), /"2\.5" is not a whole number/],
    ["a negative time", () => parseSeconds("-3"), /"-3" is not/],
  ] as const)("%s", (_title, parse, wanted) => expect(parse).toThrow(wanted));
});

test("what is accepted", () => {
  expect([parseWire("200M"), parseWire("1G"), parseSeconds("2"), parseSeconds("60")]).toEqual([
    200e6, 1e9, 2, 60,
  ]);
});

test("a wrong option is a matter of usage, told before anything is made", async () => {
  const command = proveCommand().configureOutput({ writeErr: () => {} });
  const error = await command
    .parseAsync(["--wire", "1M"], { from: "user" })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CommanderError);
});
