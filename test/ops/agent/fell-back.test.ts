/** How records of verbs that fell back are counted. */
import { expect, test } from "bun:test";
import { countWords, fellBackIn, totalOf } from "../../../src/ops/agent/fell-back.ts";

const nowMs = 1_795_963_556_000;
const ago = (minutes: number, reason: string, verb = "ADD"): string =>
  `${nowMs / 1000 - minutes * 60} ${reason} ${verb}\n`;

test("by reason, of the last hour and the last day", () => {
  const text = [
    ago(25 * 60, "broken"),
    ago(23 * 60, "declined", "DEL"),
    ago(61, "declined"),
    ago(59, "declined"),
    ago(1, "timeout", "CHECK"),
    ago(0, "declined"),
  ].join("");
  const counts = fellBackIn(text, null, nowMs);
  expect(counts).toEqual({
    lastHour: { declined: 2, timeout: 1 },
    lastDay: { declined: 4, timeout: 1 },
    knownSinceMs: null,
  });
  expect(totalOf(counts.lastDay)).toBe(5);
  expect(countWords({ timeout: 1, declined: 4 })).toBe("declined 4, timeout 1");
});

test("what was put away counts, and tells since when all are known", () => {
  const { lastHour, knownSinceMs } = fellBackIn(
    ago(1, "timeout"),
    `7 declined\n${ago(30, "declined")}${ago(20, "declined")}`,
    nowMs,
  );
  expect(lastHour).toEqual({ declined: 2, timeout: 1 });
  expect(knownSinceMs).toBe(nowMs - 30 * 60_000);
});

test.each([
  ["nothing", ""],
  ["a line that was cut", `${nowMs / 1000} timeo`],
  ["another reason", `${nowMs / 1000} tired ADD\n`],
  ["no line of ours", "\u0000\u0000\n{}\n"],
])("%s is passed over", (_, text) => {
  expect(fellBackIn(text, null, nowMs)).toEqual({
    lastHour: {},
    lastDay: {},
    knownSinceMs: null,
  });
});
