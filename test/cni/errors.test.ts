import { describe, expect, test } from "bun:test";
import { errorResult } from "../../src/cni/errors.ts";
import { FairwayError } from "../../src/errors.ts";

describe("an error as JSON", () => {
  const rows: [string, unknown, Record<string, unknown>][] = [
    [
      "ours, with details",
      new FairwayError("badConfig", "mtu is 3", "give 68 or more"),
      { code: 7, msg: "mtu is 3", details: "give 68 or more" },
    ],
    ["ours, without", new FairwayError("tryAgain", "busy"), { code: 11, msg: "busy" }],
    ["another's", new TypeError("x is undefined"), { code: 999, msg: "x is undefined" }],
    ["a text", "boom", { code: 999, msg: "boom" }],
    ["nothing", undefined, { code: 999, msg: "undefined" }],
    ["an empty one", new Error(""), { code: 999, msg: expect.stringMatching(/./) }],
    [
      "words that go-cni takes for success",
      new FairwayError("missingTool", "tc: not found", "command not found: install iproute2"),
      { code: 105, msg: "tc: not-found", details: "command not-found: install iproute2" },
    ],
  ];
  test.each(rows)("%s", (_, error, expected) => {
    expect(JSON.parse(JSON.stringify(errorResult("1.0.0", error)))).toEqual({
      cniVersion: "1.0.0",
      ...expected,
    });
  });
});
