import { describe, expect, test } from "bun:test";
import { exitCodeOf, onceEach } from "../../../src/ops/doctor/examine.ts";
import { error, ok, warn } from "../../../src/ops/doctor/finding.ts";

describe("exit codes", () => {
  test.each([
    ["nothing but ok", [ok("root", "")], 0],
    ["warnings", [ok("root", ""), warn("uplink", "", "")], 0],
    ["an error", [warn("uplink", "", ""), error("config", "", null)], 1],
    ["drift", [ok("root", ""), error("drift", "", null)], 3],
    ["drift and an error", [error("drift", "", null), error("config", "", null)], 1],
  ])("%s", (_, findings, code) => {
    expect(exitCodeOf(findings)).toBe(code);
  });
});

test("one cause is told once", () => {
  const found = [
    error("root", "no uplink", null),
    error("uplink", "no uplink", null),
    ok("config", "1"),
    ok("node", "1"),
  ];
  expect(onceEach(found).map(({ id }) => id)).toEqual(["root", "config", "node"]);
});
