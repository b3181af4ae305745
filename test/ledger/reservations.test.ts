import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fs from "node:fs";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import type { Reservation } from "../../src/ledger/reservations.ts";
import { upgradeFrom } from "../../src/ledger/schema.ts";
import { refuseWhilePodsLive } from "../../src/ops/uninstall/living-pods.ts";
import { ledgerForEachTest } from "./fixtures/for-each.ts";
import { bootId, otherBootId } from "./fixtures/samples.ts";

const own = ledgerForEachTest();

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
  own.ledger.exclusively(() => {
    for (const part of parts) own.ledger.reservations.insert(reservation(part));
  });
const key = (part: object = {}) => ({ network: "net", containerId: "c1", ifname: "eth0", ...part });

describe("reservations", () => {
  test("what goes in comes out, and goes", () => {
    insert({});
    expect(own.ledger.reservations.find(key())).toEqual([reservation()]);
    expect(own.ledger.reservations.holder("net", "198.18.0.2")).toEqual({
      containerId: "c1",
      ifname: "eth0",
    });
    expect(own.ledger.exclusively(() => own.ledger.reservations.remove("net", "198.18.0.2"))).toBe(
      true,
    );
    expect(own.ledger.exclusively(() => own.ledger.reservations.remove("net", "198.18.0.2"))).toBe(
      false,
    );
    expect(own.ledger.reservations.all()).toEqual([]);
  });

  test("an address is one holder's within a network, and free in another", () => {
    insert({});
    expect(() => insert({ containerId: "c2" })).toThrow(
      "the address 198.18.0.2 of network net is held by c1/eth0",
    );
    insert({ network: "other", containerId: "c2" });
    expect(own.ledger.reservations.all("other")).toHaveLength(1);
    expect(own.ledger.reservations.all()).toHaveLength(2);
  });

  test("one without an interface is any interface's, unless that has its own", () => {
    insert({ ifname: null }, { address: "198.18.0.3" });
    const of = (ifname: string) =>
      own.ledger.reservations.find(key({ ifname })).map((r) => r.address);
    expect(of("eth0")).toEqual(["198.18.0.3"]);
    expect(of("eth7")).toEqual(["198.18.0.2"]);
    expect(own.ledger.reservations.find(key({ containerId: "c2" }))).toEqual([]);
  });

  test("of an earlier boot they are not alive, and told once", () => {
    insert({});
    own.ledger.close();
    own.ledger = openLedger({ dir: own.dir, bootId: otherBootId });
    expect(own.ledger.reservations.all()).toEqual([]);
    insert({ containerId: "c2" });
    const forget = () => own.ledger.exclusively(() => own.ledger.forgetEarlierBoots().reservations);
    expect(forget()).toEqual([reservation()]);
    expect(forget()).toEqual([]);
    expect(own.ledger.reservations.all()).toHaveLength(1);
  });
});

test("the node is not taken away while there are any", () => {
  expect(() => refuseWhilePodsLive(own.ledger)).not.toThrow();
  insert({}, { address: "198.18.0.3" });
  expect(() => refuseWhilePodsLive(own.ledger)).toThrow(
    "2 addresses are reserved for other plugins' pods: 198.18.0.2 of network net for c1/eth0, ...",
  );
});

describe("holds", () => {
  const pod = { network: "net", podNamespace: "shop", podName: "web-0", ifname: "eth0" };
  const keep = (podName: string, addresses: string[], untilMs: number, nowMs = 0): void =>
    own.ledger.exclusively(() =>
      own.ledger.holds.keep({ ...pod, podName }, addresses, untilMs, nowMs),
    );

  test("until their time is over", () => {
    keep("web-0", ["198.18.0.2", "fd00::2"], 100);
    expect(own.ledger.holds.of(pod, 99).map((h) => h.address)).toEqual(["198.18.0.2", "fd00::2"]);
    expect(own.ledger.holds.at("net", "198.18.0.2", 99)).toMatchObject(pod);
    for (const nowMs of [100, 101]) {
      expect(own.ledger.holds.of(pod, nowMs)).toEqual([]);
      expect(own.ledger.holds.at("net", "198.18.0.2", nowMs)).toBeNull();
      expect(own.ledger.holds.all(nowMs)).toEqual([]);
    }
    expect(own.ledger.holds.at("other", "198.18.0.2", 99)).toBeNull();
  });

  test("a pod's later one is in place of its former, others' stay", () => {
    keep("web-0", ["198.18.0.2"], 100);
    keep("web-1", ["198.18.0.3"], 100);
    keep("web-0", ["198.18.0.4"], 200);
    expect(own.ledger.holds.all(0).map((h) => [h.address, h.podName])).toEqual([
      ["198.18.0.3", "web-1"],
      ["198.18.0.4", "web-0"],
    ]);
  });

  test("one that is over makes room for another pod's", () => {
    keep("web-0", ["198.18.0.2"], 100);
    keep("web-1", ["198.18.0.2"], 300, 200);
    expect(own.ledger.holds.all(200).map((h) => h.podName)).toEqual(["web-1"]);
  });

  test("released once, and only while it is kept", () => {
    keep("web-0", ["198.18.0.2"], 100);
    const release = (nowMs: number) =>
      own.ledger.exclusively(() => own.ledger.holds.release("net", "198.18.0.2", nowMs));
    expect([release(100), release(50), release(50)]).toEqual([false, true, false]);
  });

  test("they outlive a boot", () => {
    keep("web-0", ["198.18.0.2"], 100);
    own.ledger.close();
    own.ledger = openLedger({ dir: own.dir, bootId: otherBootId });
    own.ledger.exclusively(() => own.ledger.forgetEarlierBoots());
    expect(own.ledger.holds.all(0)).toHaveLength(1);
  });
});

test("a ledger from before there were any is brought up, by who only looks too", () => {
  own.ledger.close();
  for (const name of fs.readdirSync(own.dir)) fs.rmSync(`${own.dir}/${name}`);
  const db = new Database(`${own.dir}/ledger.db`);
  db.run(upgradeFrom(0, 1));
  db.close();
  fs.chmodSync(`${own.dir}/ledger.db`, 0o600);
  const view = openLedgerReadonly({ dir: own.dir, bootId });
  expect(view?.reservations.all()).toEqual([]);
  expect(view?.holds.all(0)).toEqual([]);
  view?.close();
  own.ledger = openLedger({ dir: own.dir, bootId });
});
