import { describe, expect, test } from "bun:test";
import type { ConfFile } from "../../../src/cni/conf-files.ts";
import { judgeConflists } from "../../../src/ops/doctor/conflists.ts";
import type { Level } from "../../../src/ops/doctor/finding.ts";
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
