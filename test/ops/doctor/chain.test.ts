import { expect, test } from "bun:test";
import { judgeCopy } from "../../../src/ops/doctor/chain.ts";

const copy = { want: "copy", text: "a", follows: "10-x.conflist", network: "x" } as const;

test.each([
  ["it follows", copy, "a", "ok", "follows 10-x.conflist"],
  ["it is another", copy, "b", "error", "is not what follows from 10-x.conflist"],
  ["it is not there", copy, null, "error", "is not there though 10-x.conflist is"],
  ["the original is broken", { want: "wait", why: "it is empty" }, "a", "warn", "it is empty"],
  [
    "something stands against it",
    { want: "nothing", why: "a shaper", todo: "take it out" },
    null,
    "error",
    "pods start without Fairway: a shaper",
  ],
  [
    "somebody else's",
    { want: "hands off", why: "not ours", todo: "move it away" },
    "b",
    "error",
    "not ours",
  ],
] as const)("%s", (_, decision, there, level, says) => {
  expect(judgeCopy(decision, there, "00-c.conflist")).toMatchObject({
    ...{ id: "conflist.copy", level, found: expect.stringContaining(says) },
  });
});
