/** conf/status.schema.json knows what is printed, and refuses what is not. test/plugin/measure.test.ts has real ones. */
import { expect, test } from "bun:test";
import { statusFrom } from "../../support/status-schema.ts";
import { samplePod, sampleStatus } from "./sample-status.ts";

const status = sampleStatus([
  samplePod("shop/a", { guaranteeBits: 1e6, state: "below" }),
  samplePod("shop/b", { missing: true }),
  samplePod("shop/c", { unmeasured: true }),
]);

test("a status is of its schema", () => {
  expect(statusFrom(JSON.stringify(status))).toEqual(status);
});

test.each([
  ["a version that is not this one", { schemaVersion: 2 }, "/schemaVersion must be equal to"],
  ["a field that the schema does not know", { more: 1 }, "must NOT have additional properties"],
  ["a text for a list", { drift: "x" }, "/drift must be array"],
  ["a negative interval", { intervalSeconds: -1 }, "/intervalSeconds must be >= 0"],
])("%s is refused", (_, over, says) => {
  expect(() => statusFrom(JSON.stringify({ ...status, ...over }))).toThrow(says);
});

test("a field that is left out is refused", () => {
  const { drift, ...rest } = status;
  expect(drift).toEqual([]);
  expect(() => statusFrom(JSON.stringify(rest))).toThrow("must have required property 'drift'");
});
