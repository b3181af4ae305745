import { expect, test } from "bun:test";
import { renderFindings } from "../../../src/ops/doctor/command.ts";
import { error, ok, warn } from "../../../src/ops/doctor/finding.ts";

test("findings for a person: aligned, what to do below, counted at the end", () => {
  const text = renderFindings([
    ok("root", "fine"),
    warn("uplink", "so so", "look"),
    error("config", "bad", null),
  ]);
  expect(text).toBe(
    [
      "ok     root    fine",
      "WARN   uplink  so so",
      "               -> look",
      "ERROR  config  bad",
      "1 error, 1 warning, 1 ok",
      "",
    ].join("\n"),
  );
});
