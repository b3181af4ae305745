import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs";
import { type Ledger, openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { firstPodMinor, lastPodMinor } from "../../src/plan/names.ts";
import { refusal } from "../support/refusal.ts";
import { attachment, bootId, networkBase, otherBootId, tempFolder } from "./fixtures/samples.ts";

let dir = "";
let ledger: Ledger;
beforeEach(() => {
  dir = tempFolder();
  ledger = openLedger({ dir, bootId });
});
afterEach(() => {
  ledger.close();
  fs.rmSync(dir, { recursive: true });
});

function insert(...rows: Parameters<typeof attachment>[]): void {
  ledger.exclusively(() => {
    for (const row of rows) ledger.attachments.insert(attachment(...row));
  });
}

describe("attachments", () => {
  test("what goes in comes out", () => {
    const given = attachment(1, {
      leases: [
        { address: "fd00::2", prefixLength: 64, gateway: null },
        { address: "198.18.0.3", prefixLength: 24, gateway: "198.18.0.1" },
      ],
      podNamespace: null,
      podName: null,
    });
    ledger.exclusively(() => ledger.attachments.insert(given, 1234));
    expect(ledger.attachments.find(given)).toMatchObject({ ...given, createdAtMs: 1234 });
  });

  test("without a time it is now", () => {
    const before = Date.now();
    insert([1]);
    const { createdAtMs } = ledger.attachments.find(attachment(1)) ?? { createdAtMs: 0 };
    expect(createdAtMs).toBeGreaterThanOrEqual(before);
    expect(createdAtMs).toBeLessThanOrEqual(Date.now());
  });

  test("what is not there is null", () => {
    insert([1]);
    for (const part of [{ network: "other" }, { containerId: "c2" }, { ifname: "eth1" }]) {
      expect(ledger.attachments.find({ ...attachment(1), ...part })).toBeNull();
    }
  });

  test("all of them, of one network, of one pod, in order", () => {
    insert([3], [1], [2, { network: "extra", podName: "pod-1" }], [4, { podNamespace: null }]);
    const ids = (rows: { containerId: string }[]) => rows.map((row) => row.containerId);
    expect(ids(ledger.attachments.all())).toEqual(["c2", "c1", "c3", "c4"]);
    expect(ids(ledger.attachments.all("pods"))).toEqual(["c1", "c3", "c4"]);
    expect(ids(ledger.attachments.all("none"))).toEqual([]);
    expect(ids(ledger.attachments.byPod("default", "pod-1"))).toEqual(["c2", "c1"]);
  });

  test("what was promised is summed as leaf rates, of this boot", () => {
    const promise = (egress: number, ingress: number) => ({
      promise: {
        ...attachment(0).promise,
        egress: { guaranteeBits: egress, limitBits: null, burstBytes: null },
        ingress: { guaranteeBits: ingress, limitBits: null, burstBytes: null },
      },
    });
    expect(ledger.attachments.promised()).toEqual({
      egress: { guaranteedBits: 0, floors: 0 },
      ingress: { guaranteedBits: 0, floors: 0 },
      readyIngressBits: 0,
      hasTargets: false,
    });
    ledger.exclusively(() => {
      ledger.attachments.insert(attachment(0, promise(5e6, 0)));
      ledger.attachments.insert(attachment(1, promise(1_000, 0)));
      ledger.attachments.insert(attachment(2, promise(0, 1e15)));
    });
    expect(ledger.attachments.promised()).toEqual({
      egress: { guaranteedBits: 5_008_000, floors: 1 },
      ingress: { guaranteedBits: 1e15, floors: 2 },
      readyIngressBits: 0,
      hasTargets: true,
    });
    ledger.attachments.setPhase(attachment(2), "ready");
    expect(ledger.attachments.promised().readyIngressBits).toBe(1e15);
    const later = openLedger({ dir, bootId: otherBootId });
    expect(later.attachments.promised().egress).toEqual({ guaranteedBits: 0, floors: 0 });
    later.close();
  });

  test("a removed one is gone with its addresses, once", () => {
    insert([1], [2]);
    expect(ledger.attachments.remove(attachment(1))).toBe(true);
    expect(ledger.attachments.remove(attachment(1))).toBe(false);
    expect(ledger.leaseHolder("198.18.0.3")).toBeNull();
    expect(ledger.leaseHolder("198.18.0.4")).toEqual({
      network: "pods",
      containerId: "c2",
      ifname: "eth0",
    });
    insert([7, attachment(1)]);
    expect(ledger.leaseHolder("198.18.0.3")).toMatchObject({ containerId: "c1" });
  });

  test("its phase is set", () => {
    insert([1], [2]);
    expect(ledger.attachments.setPhase(attachment(1), "ready")).toBe(true);
    expect(ledger.attachments.setPhase(attachment(9), "ready")).toBe(false);
    expect(ledger.attachments.all().map((row) => row.phase)).toEqual(["ready", "adding"]);
  });

  const two = {
    leases: [
      { address: "198.18.0.99", prefixLength: 24, gateway: null },
      { address: "198.18.0.3", prefixLength: 24, gateway: null },
    ],
  };
  const conflicts: [string, Parameters<typeof attachment>[1], string, RegExp][] = [
    ["the key", { containerId: "c1" }, "attachmentExists", /pods\/c1\/eth0 exists.* 198\.18\.0\.3/],
    ["an address", two, "addressInUse", /198\.18\.0\.3 is held by pods\/c1\/eth0/],
    ["an address, elsewhere", { ...two, network: "x" }, "addressInUse", /held by pods\/c1\/eth0/],
    ["the class", { classMinor: 0x11 }, "attachmentExists", /class 11 .*held by pods\/c1\/eth0/],
    ["the host veth", { hostVeth: "fwv11" }, "attachmentExists", /fwv11 is held by pods\/c1/],
  ];
  test.each(conflicts)(
    "two cannot have %s; nothing of the second stays",
    (_, part, kind, words) => {
      insert([1]);
      const kept = ledger.exclusively(() => {
        const error = refusal(() => ledger.attachments.insert(attachment(2, part)));
        expect(error.kind as string).toBe(kind);
        expect(error.message).toMatch(words);
        // The transaction around it lives on.
        ledger.attachments.insert(attachment(3));
        return ledger.attachments.all();
      });
      expect(kept.map((row) => row.containerId)).toEqual(["c1", "c3"]);
      expect(ledger.leaseHolder("198.18.0.99")).toBeNull();
      expect(ledger.attachments.all()).toEqual(kept);
    },
  );

  test("an insert belongs inside exclusively", () => {
    expect(() => ledger.attachments.insert(attachment(1))).toThrow("inside exclusively");
    expect(ledger.attachments.all()).toEqual([]);
  });

  test("a phase that is none is refused", () => {
    const wrong = attachment(1, { phase: "gone" as "ready" });
    const error = refusal(() => ledger.exclusively(() => ledger.attachments.insert(wrong)));
    expect(error.kind).toBe("ledgerUnusable");
  });
});

describe("the lowest free class", () => {
  const rows: [string, number[], number][] = [
    ["of none", [], firstPodMinor],
    ["after a run", [0x10, 0x11, 0x12], 0x13],
    ["before the first", [0x11, 0x12], 0x10],
    ["in a gap", [0x10, 0x11, 0x13, 0x15], 0x12],
    ["not below the first", [0x5, 0x10], 0x11],
    ["the last", [0x10, lastPodMinor], 0x11],
  ];
  test.each(rows)("%s", (_, taken, free) => {
    insert(...taken.map((classMinor, n): [number, { classMinor: number }] => [n, { classMinor }]));
    expect(ledger.attachments.freeClassMinor()).toBe(free);
  });

  test("none", () => {
    const minors = Array.from({ length: lastPodMinor - firstPodMinor + 1 }, (_, n) => n);
    ledger.exclusively(() => {
      for (const n of minors) ledger.attachments.insert(attachment(n, { leases: [] }));
    });
    const error = refusal(() => ledger.attachments.freeClassMinor());
    expect(error.kind).toBe("poolExhausted");
    expect(error.message).toContain(String(minors.length));
    ledger.attachments.remove(attachment(40_000));
    expect(ledger.attachments.freeClassMinor()).toBe(firstPodMinor + 40_000);
  }, 120_000);
});

describe("cursors and usage", () => {
  test("a cursor is of one set of one network", () => {
    const big = 0xfd00_0000_0000_0000_0000_0000_0000_0002n;
    ledger.setCursor("pods", 0, 3323068418n);
    ledger.setCursor("pods", 1, big);
    ledger.setCursor("pods", 0, 3323068419n);
    expect(ledger.cursor("pods", 0)).toBe(3323068419n);
    expect(ledger.cursor("pods", 1)).toBe(big);
    expect(ledger.cursor("pods", 2)).toBeNull();
    expect(ledger.cursor("other", 0)).toBeNull();
  });

  test("usage is counted by network", () => {
    const leases = ["fd00::1", "fd00::2"].map((address) => ({
      address,
      prefixLength: 64,
      gateway: null,
    }));
    insert([1], [2, { leases }], [3, { leases: [] }], [4, { network: "other" }]);
    expect(ledger.usage("pods")).toEqual({ attachments: 3, addresses: 3 });
    expect(ledger.usage("other")).toEqual({ attachments: 1, addresses: 1 });
    expect(ledger.usage("none")).toEqual({ attachments: 0, addresses: 0 });
  });
});

describe("networks", () => {
  const record = (name: string, mtu: number) => ({
    name,
    config: JSON.stringify({ name, mtu }),
    base: networkBase(name),
  });

  test("the last record stands", () => {
    ledger.recordNetwork(record("pods", 1400));
    ledger.recordNetwork(record("pods", 1500));
    ledger.recordNetwork(record("extra", 9000));
    expect(ledger.network("pods")).toEqual({ ...record("pods", 1500), isOfThisBoot: true });
    expect(ledger.network("none")).toBeNull();
    expect(ledger.networks().map(({ name }) => name)).toEqual(["extra", "pods"]);
  });

  test.each(["runtimeConfig", "prevResult", "args"])("%s is one pod's: refused", (key) => {
    const config = JSON.stringify({ name: "pods", [key]: {} });
    const error = refusal(() => ledger.recordNetwork({ ...record("pods", 1500), config }));
    expect(error.kind).toBe("ledgerUnusable");
    expect(ledger.network("pods")).toBeNull();
  });

  test("it can be removed when no pod has it, with its cursors", () => {
    ledger.recordNetwork(record("pods", 1500));
    ledger.setCursor("pods", 0, 1n);
    insert([1]);
    expect(refusal(() => ledger.removeNetwork("pods")).message).toMatch(/pods .*1 attachment/);
    ledger.attachments.remove(attachment(1));
    expect(ledger.removeNetwork("pods")).toBe(true);
    expect(ledger.removeNetwork("pods")).toBe(false);
    expect(ledger.cursor("pods", 0)).toBeNull();
  });
});

describe("facts and former roots", () => {
  test("the last fact stands", () => {
    expect(ledger.fact("kernel")).toBeNull();
    ledger.setFact("kernel", "a");
    ledger.setFact("kernel", "b");
    expect(ledger.fact("kernel")).toBe("b");
  });

  test("those whose keys begin alike are listed, and forgotten, together", () => {
    for (const key of ["former b", "former a", "formerly", "a former", "f_rmer x"])
      ledger.setFact(key, key.toUpperCase());
    expect([...ledger.factsUnder("former ")]).toEqual([
      ["former a", "FORMER A"],
      ["former b", "FORMER B"],
    ]);
    // "_" is no pattern.
    expect([...ledger.factsUnder("f_r").keys()]).toEqual(["f_rmer x"]);
    ledger.forgetFactsUnder("former ");
    expect([...ledger.factsUnder("").keys()].sort()).toEqual(["a former", "f_rmer x", "formerly"]);
  });

  test("the first former root of a device stands, until it is forgotten", () => {
    ledger.recordFormerRoot({ device: "eth0", kind: "mq", handle: "0:" });
    ledger.recordFormerRoot({ device: "eth0", kind: "tbf", handle: "fa00:" });
    ledger.recordFormerRoot({ device: "br0", kind: "noqueue", handle: "0:" });
    expect(ledger.formerRoots()).toEqual([
      { device: "br0", kind: "noqueue", handle: "0:" },
      { device: "eth0", kind: "mq", handle: "0:" },
    ]);
    ledger.forgetFormerRoot("eth0");
    expect(ledger.formerRoots().map(({ device }) => device)).toEqual(["br0"]);
  });
});

describe("what an earlier boot left", () => {
  /** The same node after a reboot. */
  function reboot(): void {
    ledger.close();
    ledger = openLedger({ dir, bootId: otherBootId });
  }

  test("is not alive, and in nobody's way", () => {
    insert([1], [2]);
    ledger.setFact("kernel", "a");
    ledger.recordFormerRoot({ device: "eth0", kind: "mq", handle: "0:" });
    reboot();
    expect(ledger.attachments.find(attachment(1))).toBeNull();
    expect(ledger.attachments.all()).toEqual([]);
    expect(ledger.attachments.byPod("default", "pod-1")).toEqual([]);
    expect(ledger.attachments.freeClassMinor()).toBe(firstPodMinor);
    expect(ledger.attachments.remove(attachment(1))).toBe(false);
    expect(ledger.leaseHolder("198.18.0.3")).toBeNull();
    expect(ledger.usage("pods")).toEqual({ attachments: 0, addresses: 0 });
    expect(ledger.fact("kernel")).toBeNull();
    expect(ledger.formerRoots()).toEqual([]);
    insert([1]);
    expect(ledger.attachments.all().map((row) => row.containerId)).toEqual(["c1"]);
  });

  test("is forgotten, told, and told once", () => {
    insert([1], [2]);
    reboot();
    insert([2]);
    const forget = () => ledger.exclusively(() => ledger.forgetEarlierBoots());
    const gone = forget().attachments;
    expect(gone.map((row) => row.containerId)).toEqual(["c1", "c2"]);
    expect(gone[0]).toMatchObject(attachment(1));
    expect(forget()).toEqual({ attachments: [], reservations: [] });
    expect(ledger.leaseHolder("198.18.0.4")).toMatchObject({ containerId: "c2" });
    ledger.close();
    ledger = openLedger({ dir, bootId });
    expect(ledger.attachments.all()).toEqual([]);
  });

  test("networks that are retired are as after a reboot", () => {
    ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    expect(ledger.network("pods")).toMatchObject({ isOfThisBoot: true });
    ledger.setCursor("pods", 0, 7n);
    ledger.retireNetworks();
    expect(ledger.network("pods")).toMatchObject({ isOfThisBoot: false });
    expect(ledger.cursor("pods", 0)).toBe(7n);
  });

  test("but networks and cursors stay, marked", () => {
    ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    ledger.setCursor("pods", 0, 7n);
    reboot();
    ledger.exclusively(() => ledger.forgetEarlierBoots());
    expect(ledger.network("pods")?.isOfThisBoot).toBe(false);
    expect(ledger.cursor("pods", 0)).toBe(7n);
    ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    expect(ledger.networks()[0]?.isOfThisBoot).toBe(true);
  });

  test("is forgotten inside exclusively only", () => {
    expect(() => ledger.forgetEarlierBoots()).toThrow("inside exclusively");
  });
});

describe("exclusively", () => {
  test("returns what the function returns and keeps what it wrote", () => {
    const value = ledger.exclusively(() => {
      ledger.attachments.insert(attachment(1));
      return 42;
    });
    expect(value).toBe(42);
    expect(ledger.attachments.all()).toHaveLength(1);
  });

  test("keeps nothing if the function throws, and can be entered again", () => {
    const act = () =>
      ledger.exclusively(() => {
        ledger.attachments.insert(attachment(1));
        ledger.setCursor("pods", 0, 1n);
        throw new RangeError("no");
      });
    expect(act).toThrow(RangeError);
    expect(ledger.attachments.all()).toEqual([]);
    expect(ledger.cursor("pods", 0)).toBeNull();
    insert([1]);
    expect(ledger.attachments.all()).toHaveLength(1);
  });

  test("does not nest", () => {
    const act = () => ledger.exclusively(() => ledger.exclusively(() => 1));
    expect(act).toThrow("does not nest");
    insert([1]);
  });

  test("does not wait for a promise", () => {
    const act = () =>
      ledger.exclusively(async () => {
        ledger.setFact("a", "b");
      });
    expect(act).toThrow("promise");
    expect(ledger.fact("a")).toBeNull();
  });

  test("gives up after the busy timeout, naming the file", () => {
    const other = openLedger({ dir, bootId, busyTimeoutMs: 50 });
    ledger.exclusively(() => {
      const startedMs = performance.now();
      const error = refusal(() => other.exclusively(() => 1));
      expect(error.code).toBe(11);
      expect(error.message).toContain(`${dir}/ledger.db`);
      expect(error.message).toContain("50 ms");
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45);
    });
    expect(other.exclusively(() => 1)).toBe(1);
    other.close();
  });

  test("does not keep others from looking", () => {
    insert([1]);
    const view = openLedgerReadonly({ dir, bootId });
    ledger.exclusively(() => {
      ledger.attachments.insert(attachment(2));
      expect(view?.attachments.all()).toHaveLength(1);
    });
    expect(view?.attachments.all()).toHaveLength(2);
    view?.close();
  });
});
