import { expect, test } from "bun:test";
import { runChild } from "../../src/ops/child.ts";
import { binary } from "../support/binary.ts";

test("what the kernel has is not loaded again", () => {
  const ended = runChild([binary, "load-modules"], { timeoutMs: 10_000 });
  expect(ended).toEqual({ code: 0, stdout: "br_netfilter is there\n", stderr: "" });
});
