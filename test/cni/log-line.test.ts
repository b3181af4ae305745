/** The line that a verb writes without pino is pino's, to the byte. */
import { expect, test } from "bun:test";
import pino from "pino";
import { plainLine } from "../../src/cni/log.ts";

const rows: [
  title: string,
  level: "info" | "error",
  fields: Record<string, unknown>,
  msg: string,
][] = [
  ["a success", "info", { verb: "ADD", durationMs: 1.5, leases: ["198.19.1.2"] }, "done"],
  ["a failure", "error", { code: 7, outcome: "failed", details: "give\none" }, 'no "ipam"'],
  ["what is not known", "info", { netns: undefined, found: false, tier: null }, "done"],
  ["letters of all kinds", "error", { podName: "ü\u2028\ud83d\ude00\ud83d\u0007\\" }, "\u0000é"],
  [
    "values in values",
    "info",
    { promise: { egress: { limitBits: 1e15 }, none: undefined } },
    "done",
  ],
];

test.each(rows)("%s", (_, level, fields, msg) => {
  let written = "";
  const write = (line: string): void => {
    written += line;
  };
  const log = pino({ base: { pid: process.pid } }, { write });
  log[level](fields, msg);
  const withoutTime = (line: string): string => line.replace(/"time":\d+/, '"time":0');
  expect(withoutTime(plainLine(level, fields, msg))).toBe(withoutTime(written));
});
