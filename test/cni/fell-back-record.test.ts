import { expect, test } from "bun:test";
import { fallenIn } from "../../src/cni/fell-back-record.ts";

const rest = { atMs: 1_795_963_556_000, reason: "timeout", verb: "ADD" } as const;

test.each([
  ["1795963556 timeout ADD 120", { ...rest, tookMs: 120 }],
  ["1795963556 timeout ADD", { ...rest, tookMs: null }],
  ["1795963556 tired ADD 120", null],
  ["1795963556 timeout ADD x", null],
  ["", null],
] as const)("%p", (line, fallen) => {
  expect(fallenIn(line)).toEqual(fallen);
});
