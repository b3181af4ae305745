import { describe, expect, test } from "bun:test";
import type { Level } from "../../../src/ops/doctor/finding.ts";
import { judgeFlowtables, judgeRoot } from "../../../src/ops/doctor/roots.ts";
import type { QdiscSpec } from "../../../src/plan/state.ts";

describe("a root qdisc", () => {
  const tbf = { type: "tbf", rateBytes: 1, burstBytes: 1, burstTicks: 1, limitBytes: 1 } as const;
  test.each([
    ["none", null, "ok"],
    ["ours", tbf, "ok"],
    ["the kernel's", { type: "default", name: "mq 0:" }, "ok"],
    ["somebody's", { type: "foreign", name: "htb 1:" }, "error"],
    ["a part of a tree in a root's place", { type: "htb", defaultMinor: 1 }, "error"],
  ] as [string, QdiscSpec | null, Level][])("%s", (_, spec, level) => {
    const finding = judgeRoot("eth0", spec);
    expect(finding.level).toBe(level);
    if (level === "error") expect(finding.found).toContain("htb");
  });
});

describe("flowtables", () => {
  const flowtable = { family: "inet", table: "filter", name: "ft" };
  test.each([
    ["none", [{}], "ok", "none"],
    [
      "one on two devices",
      [{ flowtable: { ...flowtable, dev: ["eth0", "fw0"] } }],
      "warn",
      "ft of inet filter (eth0, fw0)",
    ],
    ["one on one device", [{ flowtable: { ...flowtable, dev: "eth0" } }], "warn", "(eth0)"],
    ["one on none", [{ flowtable }], "warn", "(no device)"],
  ])("%s", (_, items, level, says) => {
    expect(judgeFlowtables(items)).toMatchObject([{ level, found: expect.stringContaining(says) }]);
  });
});
