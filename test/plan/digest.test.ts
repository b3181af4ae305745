import { expect, test } from "bun:test";
import { digest } from "../../src/plan/digest.ts";

// The test vectors of the algorithm's authors (FNV-1a, 32 bits).
test.each([
  ["", "811c9dc5"],
  ["a", "e40c292c"],
  ["foobar", "bf9cf968"],
])("%p", (text, wanted) => expect(digest(text)).toBe(wanted));
