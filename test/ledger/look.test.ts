import { expect, test } from "bun:test";
import { lookAtLedger } from "../../src/ledger/look.ts";

test.each([
  ["a folder that is not there, below this one", "none-such/ledger", "."],
  ["below the root", "/none-such", "/"],
  ["with a stroke at its end", "/tmp/none-such/", "/tmp"],
])("the nearest folder that is there: %s", (_, dir, of) => {
  expect(lookAtLedger(dir).fileSystem.of).toBe(of);
});
