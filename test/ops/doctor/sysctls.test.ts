import { describe, expect, test } from "bun:test";
import { judgeAdvertisements, judgeSysctl } from "../../../src/ops/doctor/sysctls.ts";

describe("a sysctl", () => {
  const setting = { path: "net/bridge/x", without: "no answer", module: "br_netfilter" };
  test.each([
    ["is 1", "1", true, "ok"],
    ["is 0, and no pod was added yet", "0", false, "ok"],
    ["is 0 under pods", "0", true, "error"],
    ["is not there", null, false, "error"],
  ] as const)("that %s", (_, value, live, level) => {
    const finding = judgeSysctl(setting, value, live);
    expect(finding).toMatchObject({ id: "sysctl.net.bridge.x", level });
    if (value === null) expect(finding.todo).toContain("modprobe br_netfilter");
  });
});

describe("a sysctl below a /proc/sys that cannot be written", () => {
  const setting = { path: "net/ipv4/x", without: "no answer", module: null };
  test.each([
    ["is right", "1", false, "ok"],
    ["is wrong, and no pod was added yet", "0", false, "error"],
    ["is wrong under pods", "0", true, "error"],
  ] as const)("%s", (_, value, live, level) => {
    const finding = judgeSysctl(setting, value, live, false);
    expect(finding).toMatchObject({ id: "sysctl.net.ipv4.x", level });
    if (level === "error") {
      expect(finding.found).toMatch(/net.ipv4.x is 0 and has to be 1.*read-only.*no answer/);
      expect(finding.todo).toContain("sysctl -w net.ipv4.x=1");
    }
  });
});

describe("router advertisements on another interface", () => {
  test("that are not accepted any more are told", () => {
    expect(judgeAdvertisements("eth1", "1")).toMatchObject([
      { id: "accept_ra.eth1", level: "warn", todo: expect.stringContaining("accept_ra=2") },
    ]);
  });

  test.each(["0", "2", null])("at %p nothing is", (value) => {
    expect(judgeAdvertisements("eth1", value)).toEqual([]);
  });
});
