import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { configOf, type Evidence, moduleNames } from "../../../src/kernel/evidence.ts";
import type { RecordedAttachment } from "../../../src/ledger/attachment-rows.ts";
import { fileSystemOf, type LedgerLook } from "../../../src/ledger/look.ts";
import { renderFindings } from "../../../src/ops/doctor/command.ts";
import { exitCodeOf, onceEach } from "../../../src/ops/doctor/examine.ts";
import { error, type Level, ok, warn } from "../../../src/ops/doctor/finding.ts";
import { judgePart, judgeRelease } from "../../../src/ops/doctor/kernel-parts.ts";
import { judgeLedger, judgeRow } from "../../../src/ops/doctor/ledger.ts";
import { judgePool } from "../../../src/ops/doctor/pools.ts";
import { judgeHeld, judgeTiers } from "../../../src/ops/doctor/promises.ts";
import { judgeFlowtables, judgeRoot } from "../../../src/ops/doctor/roots.ts";
import { judgeSpoofing } from "../../../src/ops/doctor/spoofing.ts";
import { judgeAdvertisements, judgeSysctl } from "../../../src/ops/doctor/sysctls.ts";
import { judgeCapacity } from "../../../src/ops/doctor/uplink.ts";
import type { QdiscSpec } from "../../../src/plan/state.ts";
import { admit } from "../../../src/promise/admission.ts";
import { podWith } from "../../plan/samples.ts";

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

describe("a capacity", () => {
  test.each([
    [
      "given, no speed to check it",
      "egress",
      1e9,
      "eth0 reports no speed",
      "ok",
      "not to be checked",
    ],
    ["given, below the link's speed", "egress", 9e8, 1e9, "ok", "the link's speed is 1Gbit/s"],
    ["given, the link's speed, egress", "egress", 1e9, 1e9, "ok", "1Gbit/s"],
    ["given, the link's speed, ingress", "ingress", 1e9, 1e9, "warn", "queues before this node"],
    ["given, above the link's speed", "egress", 1e10, 1e9, "warn", "cannot be kept"],
    ["not given, egress", "egress", null, 1e9, "ok", "the link's speed"],
    ["not given, ingress", "ingress", null, 1e9, "warn", "queues before this node"],
    ["neither", "ingress", null, "eth0 is a veth", "error", "uplink.ingressCapacity is not set"],
  ] as const)("%s", (_, direction, configuredBits, speed, level, says) => {
    expect(judgeCapacity({ direction, setBits: null, configuredBits }, speed)).toMatchObject({
      level,
      found: expect.stringContaining(says),
    });
  });

  test.each([
    ["below the link's speed", "egress", 5e8, 1e9, "ok", null],
    ["above it", "egress", 2e9, 1e9, "warn", "`fairway set-capacity --egress RATE` with"],
    ["at it, ingress", "ingress", 1e9, 1e9, "warn", "`--ingress -` to take back what was set"],
    ["no speed to check it", "egress", 5e8, "eth0 reports no speed", "ok", null],
  ] as const)(
    "set at run time, %s: the advice is on what holds",
    (_, direction, setBits, speed, level, todo) => {
      const finding = judgeCapacity({ direction, setBits, configuredBits: 9e8 }, speed);
      expect(finding).toMatchObject({
        level,
        found: expect.stringMatching(
          /set with `fairway set-capacity` .* in place of 900Mbit\/s as given/,
        ),
        todo: todo === null ? null : expect.stringContaining(todo),
      });
    },
  );
});

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

describe("the ledger", () => {
  const healthy: LedgerLook = {
    dir: "/d",
    folder: { path: "/d", mode: 0o700, uid: 0, bytes: 4096 },
    file: { path: "/d/ledger.db", mode: 0o600, uid: 0, bytes: 9 },
    fileSystem: { of: "/d", name: "ext4", kind: "local" },
    schema: 1,
    knownSchema: 1,
  };
  const folder = (mode: number, uid = 0) => ({ folder: { path: "/d", mode, uid, bytes: 1 } });
  test.each([
    ["as it must be", {}, []],
    ["not there yet", { folder: null, file: null, schema: null }, []],
    ["an older schema", { knownSchema: 2 }, []],
    ["a folder that everyone may write to", folder(0o777), ["ledger.folder error"]],
    ["a folder that its group may write to", folder(0o770), ["ledger.folder error"]],
    ["a folder of somebody's", folder(0o700, 1000), ["ledger.folder error"]],
    [
      "a file that its group may write",
      { file: { path: "/d/l", mode: 0o660, uid: 0, bytes: 1 } },
      ["ledger.file error"],
    ],
    [
      "a network file system",
      { fileSystem: { of: "/d", ...fileSystemOf(0x6969) } },
      ["ledger.fileSystem error"],
    ],
    [
      "an overlay",
      { fileSystem: { of: "/", ...fileSystemOf(0x794c7630) } },
      ["ledger.fileSystem warn"],
    ],
    ["a newer schema", { schema: 2 }, ["ledger.schema error"]],
    ["a file that cannot be read", { schema: "file is not a database" }, ["ledger.schema error"]],
  ] as [string, Partial<LedgerLook>, string[]][])("%s", (_, over, wrong) => {
    const found = judgeLedger({ ...healthy, ...over }).filter(({ level }) => level !== "ok");
    expect(found.map(({ id, level }) => `${id} ${level}`)).toEqual(wrong);
    expect(found.every(({ todo }) => todo !== null)).toBe(true);
  });

  test.each([
    [0xef53, "ext4", "local"],
    [0x01021994, "tmpfs", "local"],
    [0x794c7630, "overlay", "overlay"],
    [0xff534d42 | 0, "CIFS", "network"],
    [0x12345, "0x12345", "local"],
  ] as const)("file system %d", (type, name, kind) => {
    expect(fileSystemOf(type)).toEqual({ name, kind });
  });

  const row = (phase: string, createdAtMs: number): RecordedAttachment =>
    ({
      network: "pods",
      containerId: "a",
      ifname: "eth0",
      netns: "/run/netns/a",
      phase,
      createdAtMs,
      createdUpMs: null,
    }) as RecordedAttachment;
  test.each([
    ["in force", "ready", "other", 1e6, null],
    ["in force, its namespace gone", "ready", "absent", 1e6, "is gone"],
    ["being added", "adding", "other", 5_000, null],
    [
      "being added for three minutes",
      "adding",
      "other",
      180_000,
      "recorded 180 s ago: its ADD died",
    ],
    ["being deleted for three minutes", "deleting", "absent", 180_000, "its DEL died"],
  ] as const)("a row that is %s", (_, phase, netns, ageMs, says) => {
    const found = judgeRow(row(phase, 0), netns, ageMs);
    expect(found).toMatchObject(
      says === null ? [] : [{ level: "warn", found: expect.stringContaining(says) }],
    );
  });
});

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

describe("a range set", () => {
  test.each([
    [0, "1", "ok"],
    [89, "100", "ok"],
    [90, "100", "warn"],
    [100, "100", "error"],
    [1_000_000, "18446744073709551614", "ok"],
  ] as const)("with %p of %p addresses given", (given, total, level) => {
    const pool = { network: "pods", setIndex: 1, ranges: "fd00::2-fd00::3", given, total };
    const finding = judgePool(pool);
    expect(finding).toMatchObject({ id: "pool.pods.1", level });
    expect(finding.found).toContain(`${given} of ${total} addresses given (fd00::2-fd00::3)`);
  });
});

const tree = (megabits: number, reserveMegabits: number) =>
  ({
    direction: "egress",
    capacityBits: megabits * 1e6,
    reserveBits: reserveMegabits * 1e6,
    hosts: [],
  }) as const;

describe("promises", () => {
  const held = (...megabits: number[]) =>
    megabits.map((m, i) => ({ holder: `p${i}`, guaranteeBits: m * 1e6 }));
  test.each([
    ["none", held(), "ok", "380Mbit/s free"],
    ["exactly all", held(200, 180), "ok", "0bit/s free"],
    ["beside best-effort pods", held(200, 0, 0), "ok", "180Mbit/s free"],
    ["more than there is", held(200, 250), "error", "70Mbit/s too much"],
  ] as const)("%s", (_, holders, level, says) => {
    expect(judgeHeld(tree(400, 20), holders, { scales: false, isSet: false })).toMatchObject({
      level,
      found: expect.stringContaining(says),
    });
  });

  test.each([
    [false, "raise uplink.egressCapacity if the link can do more, which the next ADD"],
    [true, "`fairway set-capacity --egress RATE`, or take back what was set (`--egress -`)"],
  ])("more than there is, the capacity set at run time: %p", (isSet, advice) => {
    const { todo } = judgeHeld(tree(400, 20), held(500), { scales: false, isSet });
    expect(todo).toContain(advice);
  });

  test("with overcommit scale more than there is is no error, and said", () => {
    expect(judgeHeld(tree(400, 20), held(500), { scales: true, isSet: false })).toMatchObject({
      level: "ok",
      found: expect.stringContaining("120Mbit/s too much, so guarantees are scaled"),
    });
  });

  test("fit if and only if the last of them would be admitted beside the others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.nat(500)), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(100),
        (megabits, capacity, percent) => {
          const t = tree(capacity, Math.floor((capacity * percent) / 100));
          const all = held(...megabits);
          const [last] = all
            .slice(-1)
            .map(({ holder, guaranteeBits: askedBits }) =>
              admit({ ...t, held: all, holder, askedBits }),
            );
          return (judgeHeld(t, all, { scales: false, isSet: false }).level === "ok") === last?.ok;
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("a tier that exceeds the node alone is named, with what there is", () => {
  const tiers = {
    none: { egress: {}, ingress: {} },
    fits: { egress: { guaranteeBits: 380e6 }, ingress: {} },
    much: { egress: { guaranteeBits: 381e6 }, ingress: {} },
  };
  const notSet = { egressBits: null, ingressBits: null };
  const found = judgeTiers(tiers, [tree(400, 20)], notSet);
  expect(found.map(({ id, level }) => `${id} ${level}`)).toEqual([
    "tiers.none ok",
    "tiers.fits ok",
    "tiers.much error",
  ]);
  expect(found[2]?.found).toContain("egress guarantee of 381Mbit/s exceeds the 380Mbit/s");
  expect(found[2]?.todo).toEndWith("or raise uplink.egressCapacity if the link can do more");
  // The host's own classes are there on an empty node, too.
  const hosts = [{ holder: "host class storage", guaranteeBits: 100e6 }];
  const beside = judgeTiers(tiers, [{ ...tree(400, 20), hosts }], notSet);
  expect(beside[1]?.found).toContain("egress guarantee of 380Mbit/s exceeds the 280Mbit/s");
  const atSet = judgeTiers(tiers, [tree(400, 20)], { ...notSet, egressBits: 400e6 });
  expect(atSet[2]?.todo).toContain("or take back what was set (`--egress -`)");
});

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

describe("what pods sent under others' addresses", () => {
  const pods = [podWith(0x10), podWith(0x11, { podNamespace: "shop", podName: "cart" })];
  const counted = (first: number, second: number) =>
    judgeSpoofing(
      pods,
      new Map([
        ["fwv10", { packets: first, bytes: 60 }],
        ["fwv11", { packets: second, bytes: 60 }],
      ]),
    ).map(({ level, found }) => `${level}: ${found}`);

  test("is nothing", () => {
    expect(counted(0, 0)).toEqual(["ok: no pod sent anything under another's address"]);
    expect(judgeSpoofing(pods, new Map()).map(({ level }) => level)).toEqual(["ok"]);
  });

  test("is told of each pod by its name", () => {
    expect(counted(1, 20)).toEqual([
      "warn: pods/c16/eth0 sent 1 frame that is not its own, dropped",
      "warn: shop/cart (pods/c17/eth0) sent 20 frames that are not its own, all dropped",
    ]);
  });
});
