/** Which failures are the agent's, so that another process may do better. */
import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { lacksFiles, limitOf } from "../../src/agent/own-limits.ts";
import type { Ended } from "../../src/cni/attempt.ts";
import { FairwayError } from "../../src/errors.ts";

const failed = (error: unknown): Ended => ({ ok: false, error, stdin: "" });

const rows: [string, Ended, string | null][] = [
  ["a verb that succeeded", { ok: true, outcome: { output: null, log: null, facts: {} } }, null],
  [
    "what others held for longer than it waits",
    failed(new FairwayError("tryAgain", "the ledger stayed locked for 2000 ms")),
    "the ledger stayed locked for 2000 ms",
  ],
  ["what is refused to everybody", failed(new FairwayError("promiseRefused", "no room")), null],
  ["a defect", failed(new TypeError("x is undefined")), null],
];

test.each(rows)("%s", (_, ended, why) => {
  expect(limitOf(ended)).toBe(why);
});

test("a socket with a low descriptor has room above it, one at the limit has not", () => {
  const fd = openSync("/dev/null", "r");
  try {
    expect(lacksFiles({ fd })).toBe(false);
    expect(lacksFiles({ fd: 2 ** 31 - 100 })).toBe(true);
    expect(lacksFiles({})).toBe(false);
  } finally {
    closeSync(fd);
  }
});
