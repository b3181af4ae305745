import { describe, expect, test } from "bun:test";
import { configOf, type Evidence, moduleNames } from "../../../src/kernel/evidence.ts";
import { judgePart, judgeRelease } from "../../../src/ops/doctor/kernel-parts.ts";

describe("a kernel part", () => {
  const nothing: Evidence = {
    release: "6.1.0-1",
    inUse: new Set(),
    loaded: null,
    builtIn: null,
    loadable: null,
    config: null,
  };
  const htb = { module: "sch_htb", config: "CONFIG_NET_SCH_HTB", onDemand: true } as const;
  const filter = {
    module: "br_netfilter",
    config: "CONFIG_BRIDGE_NETFILTER",
    onDemand: false,
  } as const;
  const dep = moduleNames(
    "kernel/net/sched/sch_htb.ko.xz:\nkernel/net/bridge/br_netfilter.ko: kernel/net/bridge/bridge.ko\n",
  );
  const empty = new Set<string>();
  test.each([
    ["no source says anything", htb, {}, "warn", "not determined"],
    ["in use", htb, { inUse: new Set(["sch_htb"]) }, "ok", "in use"],
    ["loaded", htb, { loaded: new Set(["sch_htb"]) }, "ok", "loaded"],
    [
      "in modules.builtin",
      htb,
      { builtIn: moduleNames("kernel/net/sched/sch-htb.ko\n") },
      "ok",
      "built in",
    ],
    [
      "=y in the kernel's configuration",
      htb,
      { config: configOf("CONFIG_NET_SCH_HTB=y\n") },
      "ok",
      "CONFIG_NET_SCH_HTB=y",
    ],
    ["a module that is loaded on demand", htb, { loadable: dep }, "ok", "when it is asked for"],
    ["a module that nothing loads", filter, { loadable: dep }, "error", "nothing loads on demand"],
    [
      "the same, loaded",
      filter,
      { loadable: dep, loaded: new Set(["br_netfilter"]) },
      "ok",
      "loaded",
    ],
    [
      "in neither list of modules",
      htb,
      { builtIn: empty, loadable: empty },
      "error",
      "/lib/modules/6.1.0-1 does not name it",
    ],
    ["only one of the lists is there", htb, { builtIn: empty }, "warn", "not determined"],
    [
      "not set",
      htb,
      { config: configOf("# CONFIG_NET_SCH_HTB is not set\n") },
      "error",
      "is not set",
    ],
    [
      "=m, and no list of modules to be seen",
      htb,
      { config: configOf("CONFIG_NET_SCH_HTB=m\n") },
      "warn",
      "CONFIG_NET_SCH_HTB=m",
    ],
  ] as const)("%s", (_, part, evidence, level, says) => {
    const finding = judgePart(part, { ...nothing, ...evidence });
    expect(finding).toMatchObject({ level, found: expect.stringContaining(says) });
    expect(finding.todo === null).toBe(level === "ok");
  });
});

describe("the kernel itself", () => {
  test.each([
    ["4.19.0-27-amd64", "error", "does not tell rules where a packet came in"],
    ["5.6.19", "error", "does not tell"],
    ["5.7.0", "ok", "5.7.0"],
    ["5.10.0-32-amd64", "ok", "5.10"],
    ["6.1.0-1", "ok", "6.1"],
    ["10.0", "ok", "10.0"],
    ["custom", "warn", "custom"],
  ] as const)("%s: %s", (release, level, says) => {
    const finding = judgeRelease(release);
    expect(finding).toMatchObject({ level, found: expect.stringContaining(says) });
    expect(finding.todo === null).toBe(level === "ok");
  });
});
