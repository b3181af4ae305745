import { describe, expect, test } from "bun:test";
import { judgeHairpin, judgeOthers, judgePorts } from "../../../src/ops/doctor/bridges.ts";
import { judgeConflists } from "../../../src/ops/doctor/conflists.ts";
import type { Level } from "../../../src/ops/doctor/finding.ts";
import type { ConfFile } from "../../../src/ops/install/neighbours.ts";
import { usualPlaces } from "../../../src/ops/install/places.ts";

const file = (name: string, ...types: string[]): ConfFile => ({
  name,
  network: "n",
  types,
  problem: null,
});
const ours = file("10-fairway.conflist", "fairway", "portmap");
const other = file("05-other.conflist", "bridge");
const broken: ConfFile = { ...file("00-x.conf"), problem: "it names no plugin" };

describe("the conflists of a node", () => {
  test.each<[string, ConfFile[], boolean, Level, string]>([
    ["none, before install", [], false, "ok", "has none yet"],
    ["none, after install", [], true, "error", "10-fairway.conflist is gone"],
    ["ours gone, another there", [other], true, "error", "is gone"],
    ["ours alone", [ours], true, "ok", "10-fairway.conflist is the first of 1"],
    ["ours, by hand, before another", [ours, file("20-z.conf", "ptp")], false, "ok", "first of 2"],
    ["ours behind another", [other, ours], true, "warn", "before 10-fairway.conflist"],
    ["another alone", [other], false, "warn", "none calls Fairway"],
    ["a broken one first", [broken, ours], true, "error", "no runtime can load"],
    ["a broken one behind", [ours, { ...broken, name: "20-x.conf" }], true, "ok", "first of 2"],
  ])("%s", (_, files, expected, level, says) => {
    const finding = judgeConflists(files, usualPlaces, expected);
    expect(finding).toMatchObject({ id: "conflist", level });
    expect(finding.found).toContain(says);
    expect(finding.todo === null).toBe(level === "ok");
  });
});

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
