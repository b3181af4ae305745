import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs";
import { type Ledger, openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import type { Reservation } from "../../src/ledger/reservations.ts";
import { upgradeFrom } from "../../src/ledger/schema.ts";
import { refuseWhilePodsLive } from "../../src/ops/uninstall/living-pods.ts";
import { bootId, otherBootId, tempFolder } from "./fixtures/samples.ts";

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

const reservation = (part: Partial<Reservation> = {}): Reservation => ({
  network: "net",
  address: "198.18.0.2",
  containerId: "c1",
  ifname: "eth0",
  prefixLength: 24,
  gateway: "198.18.0.1",
  podNamespace: "shop",
  podName: "web-0",
  stickyMs: 1000,
  createdAtMs: 5,
  ...part,
});
const insert = (...parts: Partial<Reservation>[]): void =>
  ledger.exclusively(() => {
    for (const part of parts) ledger.reservations.insert(reservation(part));
  });
const key = (part: object = {}) => ({ network: "net", containerId: "c1", ifname: "eth0", ...part });

describe("reservations", () => {
  test("what goes in comes out, and goes", () => {
    insert({});
    expect(ledger.reservations.find(key())).toEqual([reservation()]);
    expect(ledger.reservations.holder("net", "198.18.0.2")).toEqual({
      containerId: "c1",
      ifname: "eth0",
    });
    expect(ledger.exclusively(() => ledger.reservations.remove("net", "198.18.0.2"))).toBe(true);
    expect(ledger.exclusively(() => ledger.reservations.remove("net", "198.18.0.2"))).toBe(false);
    expect(ledger.reservations.all()).toEqual([]);
  });

  test("an address is one holder's within a network, and free in another", () => {
    insert({});
    expect(() => insert({ containerId: "c2" })).toThrow(
      "the address 198.18.0.2 of network net is held by c1/eth0",
    );
    insert({ network: "other", containerId: "c2" });
    expect(ledger.reservations.all("other")).toHaveLength(1);
    expect(ledger.reservations.all()).toHaveLength(2);
  });

  test("one without an interface is any interface's, unless that has its own", () => {
    insert({ ifname: null }, { address: "198.18.0.3" });
    const of = (ifname: string) => ledger.reservations.find(key({ ifname })).map((r) => r.address);
    expect(of("eth0")).toEqual(["198.18.0.3"]);
    expect(of("eth7")).toEqual(["198.18.0.2"]);
    expect(ledger.reservations.find(key({ containerId: "c2" }))).toEqual([]);
  });

  test("of an earlier boot they are not alive, and told once", () => {
    insert({});
    ledger.close();
    ledger = openLedger({ dir, bootId: otherBootId });
    expect(ledger.reservations.all()).toEqual([]);
    insert({ containerId: "c2" });
    const forget = () => ledger.exclusively(() => ledger.forgetEarlierBoots().reservations);
    expect(forget()).toEqual([reservation()]);
    expect(forget()).toEqual([]);
    expect(ledger.reservations.all()).toHaveLength(1);
  });
});

test("the node is not taken away while there are any", () => {
  expect(() => refuseWhilePodsLive(ledger)).not.toThrow();
  insert({}, { address: "198.18.0.3" });
  expect(() => refuseWhilePodsLive(ledger)).toThrow(
    "2 addresses are reserved for other plugins' pods: 198.18.0.2 of network net for c1/eth0, ...",
  );
});

describe("holds", () => {
  const pod = { network: "net", podNamespace: "shop", podName: "web-0", ifname: "eth0" };
  const keep = (podName: string, addresses: string[], untilMs: number, nowMs = 0): void =>
    ledger.exclusively(() => ledger.holds.keep({ ...pod, podName }, addresses, untilMs, nowMs));

  test("until their time is over", () => {
    keep("web-0", ["198.18.0.2", "fd00::2"], 100);
    expect(ledger.holds.of(pod, 99).map((h) => h.address)).toEqual(["198.18.0.2", "fd00::2"]);
    expect(ledger.holds.at("net", "198.18.0.2", 99)).toMatchObject(pod);
    for (const nowMs of [100, 101]) {
      expect(ledger.holds.of(pod, nowMs)).toEqual([]);
      expect(ledger.holds.at("net", "198.18.0.2", nowMs)).toBeNull();
      expect(ledger.holds.all(nowMs)).toEqual([]);
    }
    expect(ledger.holds.at("other", "198.18.0.2", 99)).toBeNull();
  });

  test("a pod's later one is in place of its former, others' stay", () => {
    keep("web-0", ["198.18.0.2"], 100);
    keep("web-1", ["198.18.0.3"], 100);
    keep("web-0", ["198.18.0.4"], 200);
    expect(ledger.holds.all(0).map((h) => [h.address, h.podName])).toEqual([
      ["198.18.0.3", "web-1"],
      ["198.18.0.4", "web-0"],
    ]);
  });

  test("one that is over makes room for another pod's", () => {
    keep("web-0", ["198.18.0.2"], 100);
    keep("web-1", ["198.18.0.2"], 300, 200);
    expect(ledger.holds.all(200).map((h) => h.podName)).toEqual(["web-1"]);
  });

  test("released once, and only while it is kept", () => {
    keep("web-0", ["198.18.0.2"], 100);
    const release = (nowMs: number) =>
      ledger.exclusively(() => ledger.holds.release("net", "198.18.0.2", nowMs));
    expect([release(100), release(50), release(50)]).toEqual([false, true, false]);
  });

  test("they outlive a boot", () => {
    keep("web-0", ["198.18.0.2"], 100);
    ledger.close();
    ledger = openLedger({ dir, bootId: otherBootId });
    ledger.exclusively(() => ledger.forgetEarlierBoots());
    expect(ledger.holds.all(0)).toHaveLength(1);
  });
});

test("a ledger from before there were any is brought up, by who only looks too", () => {
  ledger.close();
  for (const name of fs.readdirSync(dir)) fs.rmSync(`${dir}/${name}`);
  const db = new Database(`${dir}/ledger.db`);
  db.run(upgradeFrom(0, 1));
  db.close();
  fs.chmodSync(`${dir}/ledger.db`, 0o600);
  const view = openLedgerReadonly({ dir, bootId });
  expect(view?.reservations.all()).toEqual([]);
  expect(view?.holds.all(0)).toEqual([]);
  view?.close();
  ledger = openLedger({ dir, bootId });
});
