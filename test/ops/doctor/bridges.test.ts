import { describe, expect, test } from "bun:test";
import { judgeHairpin, judgeOthers, judgePorts } from "../../../src/ops/doctor/bridges.ts";
import type { Level } from "../../../src/ops/doctor/finding.ts";

describe("a bridge's ports", () => {
  test.each<[string, (boolean | null)[], Level, string]>([
    ["none", [], "ok", "all 0 ports"],
    ["all on", [true, true], "ok", "all 2 ports"],
    ["one off", [true, false], "error", "off for fwv11 of fw0"],
    ["one that is no port any more", [null], "error", "off for fwv10"],
  ])("%s", (_, modes, level, says) => {
    const ports = modes.map((hairpin, i) => ({ name: `fwv1${i}`, hairpin }));
    const finding = judgeHairpin("fw0", ports);
    expect(finding.level).toBe(level);
    expect(finding.found).toContain(says);
  });
});

test.each<[number, Level, string]>([
  [0, "ok", "fw0 has 0 of 1023 ports"],
  [1022, "ok", "fw0 has 1022 of 1023 ports"],
  [1023, "error", "all 1023"],
])("a bridge with %p ports", (count, level, says) => {
  const finding = judgePorts("fw0", count);
  expect(finding).toMatchObject({ id: "bridge.ports", level });
  expect(finding.found).toContain(says);
});

test.each<[string, string[], boolean, number]>([
  ["no other bridge", [], true, 0],
  ["others, and the setting is off", ["docker0"], false, 0],
  ["others, and it is on", ["docker0", "virbr0"], true, 1],
])("other bridges: %s", (_, others, isOn, count) => {
  const found = judgeOthers(others, isOn);
  expect(found).toHaveLength(count);
  for (const each of found) expect(each.found).toContain("docker0, virbr0");
});
