import { describe, expect, test } from "bun:test";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { firstPodMinor, lastPodMinor } from "../../src/plan/names.ts";
import { refusal } from "../support/refusal.ts";
import { ledgerForEachTest } from "./fixtures/for-each.ts";
import { attachment, bootId, networkBase, otherBootId } from "./fixtures/samples.ts";

const own = ledgerForEachTest();

function insert(...rows: Parameters<typeof attachment>[]): void {
  own.ledger.exclusively(() => {
    for (const row of rows) own.ledger.attachments.insert(attachment(...row));
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
    own.ledger.exclusively(() => own.ledger.attachments.insert(given, 1234));
    expect(own.ledger.attachments.find(given)).toMatchObject({ ...given, createdAtMs: 1234 });
  });

  test("without a time it is now", () => {
    const before = Date.now();
    insert([1]);
    const { createdAtMs } = own.ledger.attachments.find(attachment(1)) ?? { createdAtMs: 0 };
    expect(createdAtMs).toBeGreaterThanOrEqual(before);
    expect(createdAtMs).toBeLessThanOrEqual(Date.now());
  });

  test("what is not there is null", () => {
    insert([1]);
    for (const part of [{ network: "other" }, { containerId: "c2" }, { ifname: "eth1" }]) {
      expect(own.ledger.attachments.find({ ...attachment(1), ...part })).toBeNull();
    }
  });

  test("all of them, of one network, of one pod, in order", () => {
    insert([3], [1], [2, { network: "extra", podName: "pod-1" }], [4, { podNamespace: null }]);
    const ids = (rows: { containerId: string }[]) => rows.map((row) => row.containerId);
    expect(ids(own.ledger.attachments.all())).toEqual(["c2", "c1", "c3", "c4"]);
    expect(ids(own.ledger.attachments.all("pods"))).toEqual(["c1", "c3", "c4"]);
    expect(ids(own.ledger.attachments.all("none"))).toEqual([]);
    expect(ids(own.ledger.attachments.byPod("default", "pod-1"))).toEqual(["c2", "c1"]);
  });

  test("what was promised is summed as leaf rates, of this boot", () => {
    const promise = (egress: number, ingress: number) => ({
      promise: {
        ...attachment(0).promise,
        egress: { guaranteeBits: egress, limitBits: null, burstBytes: null },
        ingress: { guaranteeBits: ingress, limitBits: null, burstBytes: null },
      },
    });
    expect(own.ledger.attachments.promised()).toEqual({
      egress: { guaranteedBits: 0, floors: 0 },
      ingress: { guaranteedBits: 0, floors: 0 },
      readyIngressBits: 0,
      hasTargets: false,
    });
    own.ledger.exclusively(() => {
      own.ledger.attachments.insert(attachment(0, promise(5e6, 0)));
      own.ledger.attachments.insert(attachment(1, promise(1_000, 0)));
      own.ledger.attachments.insert(attachment(2, promise(0, 1e15)));
    });
    expect(own.ledger.attachments.promised()).toEqual({
      egress: { guaranteedBits: 5_008_000, floors: 1 },
      ingress: { guaranteedBits: 1e15, floors: 2 },
      readyIngressBits: 0,
      hasTargets: true,
    });
    own.ledger.attachments.setPhase(attachment(2), "ready");
    expect(own.ledger.attachments.promised().readyIngressBits).toBe(1e15);
    const later = openLedger({ dir: own.dir, bootId: otherBootId });
    expect(later.attachments.promised().egress).toEqual({ guaranteedBits: 0, floors: 0 });
    later.close();
  });

  test("a removed one is gone with its addresses, once", () => {
    insert([1], [2]);
    expect(own.ledger.attachments.remove(attachment(1))).toBe(true);
    expect(own.ledger.attachments.remove(attachment(1))).toBe(false);
    expect(own.ledger.leaseHolder("198.18.0.3")).toBeNull();
    expect(own.ledger.leaseHolder("198.18.0.4")).toEqual({
      network: "pods",
      containerId: "c2",
      ifname: "eth0",
    });
    insert([7, attachment(1)]);
    expect(own.ledger.leaseHolder("198.18.0.3")).toMatchObject({ containerId: "c1" });
  });

  test("its phase is set", () => {
    insert([1], [2]);
    expect(own.ledger.attachments.setPhase(attachment(1), "ready")).toBe(true);
    expect(own.ledger.attachments.setPhase(attachment(9), "ready")).toBe(false);
    expect(own.ledger.attachments.all().map((row) => row.phase)).toEqual(["ready", "adding"]);
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
      const kept = own.ledger.exclusively(() => {
        const error = refusal(() => own.ledger.attachments.insert(attachment(2, part)));
        expect(error.kind as string).toBe(kind);
        expect(error.message).toMatch(words);
        // The transaction around it lives on.
        own.ledger.attachments.insert(attachment(3));
        return own.ledger.attachments.all();
      });
      expect(kept.map((row) => row.containerId)).toEqual(["c1", "c3"]);
      expect(own.ledger.leaseHolder("198.18.0.99")).toBeNull();
      expect(own.ledger.attachments.all()).toEqual(kept);
    },
  );

  test("an insert belongs inside exclusively", () => {
    expect(() => own.ledger.attachments.insert(attachment(1))).toThrow("inside exclusively");
    expect(own.ledger.attachments.all()).toEqual([]);
  });

  test("a phase that is none is refused", () => {
    const wrong = attachment(1, { phase: "gone" as "ready" });
    const error = refusal(() => own.ledger.exclusively(() => own.ledger.attachments.insert(wrong)));
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
    expect(own.ledger.attachments.freeClassMinor()).toBe(free);
  });

  test("none", () => {
    const minors = Array.from({ length: lastPodMinor - firstPodMinor + 1 }, (_, n) => n);
    own.ledger.exclusively(() => {
      for (const n of minors) own.ledger.attachments.insert(attachment(n, { leases: [] }));
    });
    const error = refusal(() => own.ledger.attachments.freeClassMinor());
    expect(error.kind).toBe("poolExhausted");
    expect(error.message).toContain(String(minors.length));
    own.ledger.attachments.remove(attachment(40_000));
    expect(own.ledger.attachments.freeClassMinor()).toBe(firstPodMinor + 40_000);
  }, 120_000);
});

describe("cursors and usage", () => {
  test("a cursor is of one set of one network", () => {
    const big = 0xfd00_0000_0000_0000_0000_0000_0000_0002n;
    own.ledger.setCursor("pods", 0, 3323068418n);
    own.ledger.setCursor("pods", 1, big);
    own.ledger.setCursor("pods", 0, 3323068419n);
    expect(own.ledger.cursor("pods", 0)).toBe(3323068419n);
    expect(own.ledger.cursor("pods", 1)).toBe(big);
    expect(own.ledger.cursor("pods", 2)).toBeNull();
    expect(own.ledger.cursor("other", 0)).toBeNull();
  });

  test("usage is counted by network", () => {
    const leases = ["fd00::1", "fd00::2"].map((address) => ({
      address,
      prefixLength: 64,
      gateway: null,
    }));
    insert([1], [2, { leases }], [3, { leases: [] }], [4, { network: "other" }]);
    expect(own.ledger.usage("pods")).toEqual({ attachments: 3, addresses: 3 });
    expect(own.ledger.usage("other")).toEqual({ attachments: 1, addresses: 1 });
    expect(own.ledger.usage("none")).toEqual({ attachments: 0, addresses: 0 });
  });
});

describe("networks", () => {
  const record = (name: string, mtu: number) => ({
    name,
    config: JSON.stringify({ name, mtu }),
    base: networkBase(name),
  });

  test("the last record stands", () => {
    own.ledger.recordNetwork(record("pods", 1400));
    own.ledger.recordNetwork(record("pods", 1500));
    own.ledger.recordNetwork(record("extra", 9000));
    expect(own.ledger.network("pods")).toEqual({ ...record("pods", 1500), isOfThisBoot: true });
    expect(own.ledger.network("none")).toBeNull();
    expect(own.ledger.networks().map(({ name }) => name)).toEqual(["extra", "pods"]);
  });

  test.each(["runtimeConfig", "prevResult", "args"])("%s is one pod's: refused", (key) => {
    const config = JSON.stringify({ name: "pods", [key]: {} });
    const error = refusal(() => own.ledger.recordNetwork({ ...record("pods", 1500), config }));
    expect(error.kind).toBe("ledgerUnusable");
    expect(own.ledger.network("pods")).toBeNull();
  });

  test("it can be removed when no pod has it, with its cursors", () => {
    own.ledger.recordNetwork(record("pods", 1500));
    own.ledger.setCursor("pods", 0, 1n);
    insert([1]);
    expect(refusal(() => own.ledger.removeNetwork("pods")).message).toMatch(/pods .*1 attachment/);
    own.ledger.attachments.remove(attachment(1));
    expect(own.ledger.removeNetwork("pods")).toBe(true);
    expect(own.ledger.removeNetwork("pods")).toBe(false);
    expect(own.ledger.cursor("pods", 0)).toBeNull();
  });
});

describe("facts and former roots", () => {
  test("the last fact stands", () => {
    expect(own.ledger.fact("kernel")).toBeNull();
    own.ledger.setFact("kernel", "a");
    own.ledger.setFact("kernel", "b");
    expect(own.ledger.fact("kernel")).toBe("b");
  });

  test("those whose keys begin alike are listed, and forgotten, together", () => {
    for (const key of ["former b", "former a", "formerly", "a former", "f_rmer x"])
      own.ledger.setFact(key, key.toUpperCase());
    expect([...own.ledger.factsUnder("former ")]).toEqual([
      ["former a", "FORMER A"],
      ["former b", "FORMER B"],
    ]);
    // "_" is no pattern.
    expect([...own.ledger.factsUnder("f_r").keys()]).toEqual(["f_rmer x"]);
    own.ledger.forgetFactsUnder("former ");
    expect([...own.ledger.factsUnder("").keys()].sort()).toEqual([
      "a former",
      "f_rmer x",
      "formerly",
    ]);
  });

  test("the first former root of a device stands, until it is forgotten", () => {
    own.ledger.recordFormerRoot({ device: "eth0", kind: "mq", handle: "0:" });
    own.ledger.recordFormerRoot({ device: "eth0", kind: "tbf", handle: "fa00:" });
    own.ledger.recordFormerRoot({ device: "br0", kind: "noqueue", handle: "0:" });
    expect(own.ledger.formerRoots()).toEqual([
      { device: "br0", kind: "noqueue", handle: "0:" },
      { device: "eth0", kind: "mq", handle: "0:" },
    ]);
    own.ledger.forgetFormerRoot("eth0");
    expect(own.ledger.formerRoots().map(({ device }) => device)).toEqual(["br0"]);
  });
});

describe("what an earlier boot left", () => {
  /** The same node after a reboot. */
  function reboot(): void {
    own.ledger.close();
    own.ledger = openLedger({ dir: own.dir, bootId: otherBootId });
  }

  test("is not alive, and in nobody's way", () => {
    insert([1], [2]);
    own.ledger.setFact("kernel", "a");
    own.ledger.recordFormerRoot({ device: "eth0", kind: "mq", handle: "0:" });
    reboot();
    expect(own.ledger.attachments.find(attachment(1))).toBeNull();
    expect(own.ledger.attachments.all()).toEqual([]);
    expect(own.ledger.attachments.byPod("default", "pod-1")).toEqual([]);
    expect(own.ledger.attachments.freeClassMinor()).toBe(firstPodMinor);
    expect(own.ledger.attachments.remove(attachment(1))).toBe(false);
    expect(own.ledger.leaseHolder("198.18.0.3")).toBeNull();
    expect(own.ledger.usage("pods")).toEqual({ attachments: 0, addresses: 0 });
    expect(own.ledger.fact("kernel")).toBeNull();
    expect(own.ledger.formerRoots()).toEqual([]);
    insert([1]);
    expect(own.ledger.attachments.all().map((row) => row.containerId)).toEqual(["c1"]);
  });

  test("is forgotten, told, and told once", () => {
    insert([1], [2]);
    reboot();
    insert([2]);
    const forget = () => own.ledger.exclusively(() => own.ledger.forgetEarlierBoots());
    const gone = forget().attachments;
    expect(gone.map((row) => row.containerId)).toEqual(["c1", "c2"]);
    expect(gone[0]).toMatchObject(attachment(1));
    expect(forget()).toEqual({ attachments: [], reservations: [] });
    expect(own.ledger.leaseHolder("198.18.0.4")).toMatchObject({ containerId: "c2" });
    own.ledger.close();
    own.ledger = openLedger({ dir: own.dir, bootId });
    expect(own.ledger.attachments.all()).toEqual([]);
  });

  test("networks that are retired are as after a reboot", () => {
    own.ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    expect(own.ledger.network("pods")).toMatchObject({ isOfThisBoot: true });
    own.ledger.setCursor("pods", 0, 7n);
    own.ledger.retireNetworks();
    expect(own.ledger.network("pods")).toMatchObject({ isOfThisBoot: false });
    expect(own.ledger.cursor("pods", 0)).toBe(7n);
  });

  test("but networks and cursors stay, marked", () => {
    own.ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    own.ledger.setCursor("pods", 0, 7n);
    reboot();
    own.ledger.exclusively(() => own.ledger.forgetEarlierBoots());
    expect(own.ledger.network("pods")?.isOfThisBoot).toBe(false);
    expect(own.ledger.cursor("pods", 0)).toBe(7n);
    own.ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    expect(own.ledger.networks()[0]?.isOfThisBoot).toBe(true);
  });

  test("is forgotten inside exclusively only", () => {
    expect(() => own.ledger.forgetEarlierBoots()).toThrow("inside exclusively");
  });
});

describe("exclusively", () => {
  test("returns what the function returns and keeps what it wrote", () => {
    const value = own.ledger.exclusively(() => {
      own.ledger.attachments.insert(attachment(1));
      return 42;
    });
    expect(value).toBe(42);
    expect(own.ledger.attachments.all()).toHaveLength(1);
  });

  test("keeps nothing if the function throws, and can be entered again", () => {
    const act = () =>
      own.ledger.exclusively(() => {
        own.ledger.attachments.insert(attachment(1));
        own.ledger.setCursor("pods", 0, 1n);
        throw new RangeError("no");
      });
    expect(act).toThrow(RangeError);
    expect(own.ledger.attachments.all()).toEqual([]);
    expect(own.ledger.cursor("pods", 0)).toBeNull();
    insert([1]);
    expect(own.ledger.attachments.all()).toHaveLength(1);
  });

  test("does not nest", () => {
    const act = () => own.ledger.exclusively(() => own.ledger.exclusively(() => 1));
    expect(act).toThrow("does not nest");
    insert([1]);
  });

  test("does not wait for a promise", () => {
    const act = () =>
      own.ledger.exclusively(async () => {
        own.ledger.setFact("a", "b");
      });
    expect(act).toThrow("promise");
    expect(own.ledger.fact("a")).toBeNull();
  });

  test("gives up after the busy timeout, naming the file", () => {
    const other = openLedger({ dir: own.dir, bootId, busyTimeoutMs: 50 });
    own.ledger.exclusively(() => {
      const startedMs = performance.now();
      const error = refusal(() => other.exclusively(() => 1));
      expect(error.code).toBe(11);
      expect(error.message).toContain(`${own.dir}/ledger.db`);
      expect(error.message).toContain("50 ms");
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45);
    });
    expect(other.exclusively(() => 1)).toBe(1);
    other.close();
  });

  test("does not keep others from looking", () => {
    insert([1]);
    const view = openLedgerReadonly({ dir: own.dir, bootId });
    own.ledger.exclusively(() => {
      own.ledger.attachments.insert(attachment(2));
      expect(view?.attachments.all()).toHaveLength(1);
    });
    expect(view?.attachments.all()).toHaveLength(2);
    view?.close();
  });
});
