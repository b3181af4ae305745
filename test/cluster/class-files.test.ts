import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClassPlaces, placeClass, placedClass } from "../../src/cluster/class-files.ts";
import { classRecordName } from "../../src/cluster/class-record-name.ts";
import { Classes } from "../../src/cluster/classes.ts";
import type { Happened } from "../../src/cluster/event-log.ts";
import { refusal } from "../support/refusal.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const uplink = { name: "eth0", egressCapacity: "1G", ingressCapacity: "1G" };

function places(): ClassPlaces & { conflist: string; record: string } {
  const folder = mkdtempSync(join(tmpdir(), "fairway-class-"));
  folders.push(folder);
  const [confDir, dataDir] = [join(folder, "net.d"), join(folder, "data")];
  for (const each of [confDir, dataDir]) mkdirSync(each);
  const conflist = join(confDir, "10-fairway.conflist");
  const plugin = { type: "fairway", uplink, ipam: { subnet: "198.19.1.0/24" } };
  writeFileSync(conflist, JSON.stringify({ cniVersion: "1.0.0", name: "pods", plugins: [plugin] }));
  return { confDir, dataDir, conflist, record: join(dataDir, classRecordName) };
}

const wanted = { name: "pool", values: { egressCapacity: "2G" } };

test("no record means that no class was put in", () => {
  const own = places();
  expect(placedClass(own)).toBeNull();
  placeClass(own, wanted);
  expect(placedClass(own)).toBe("pool");
});

test.each([
  ["cut", '{"name":"pool","former":'],
  ["empty", ""],
  ["of another kind", "[]"],
  ["without what was there before", '{"name":"pool","written":{}}'],
])("a record that is %s is an error, and nothing is changed", (_, text) => {
  const own = places();
  placeClass(own, wanted);
  const before = readFileSync(own.conflist, "utf8");
  writeFileSync(own.record, text);
  // To take it for none would make what the class has put in the node's own values, for good.
  for (const each of [wanted, { name: "pool", values: { egressCapacity: "3G" } }, null]) {
    const error = refusal(() => placeClass(own, each));
    expect(error).toMatchObject({ kind: "decode", message: expect.stringContaining(own.record) });
    expect(error.details).toContain("remove");
  }
  expect(refusal(() => placedClass(own)).kind).toBe("decode");
  expect(readFileSync(own.conflist, "utf8")).toBe(before);
  expect(readFileSync(own.record, "utf8")).toBe(text);
});

test("a record that cannot be read is an error, too", () => {
  const own = places();
  mkdirSync(own.record);
  expect(refusal(() => placedClass(own))).toMatchObject({ kind: "io" });
});

test("an agent starts with a damaged record, and its Node's events tell of it", () => {
  const own = places();
  writeFileSync(own.record, "{");
  const happened: Happened[] = [];
  const classes = new Classes({
    ...{ places: own, tell: () => {} },
    happened: (event) => happened.push(event),
  });
  expect(classes.inForce).toBeNull();
  const node = {
    ...{ name: "node1", uid: "u", labels: {}, annotations: {}, taints: [], bootId: null },
    ...{ podCidrs: [], addresses: [] },
    resources: {
      capacity: { egress: null, ingress: null },
      allocatable: { egress: null, ingress: null },
    },
  };
  classes.turn(node, [], null, () => false);
  expect(happened).toMatchObject([
    { reason: "BandwidthClassRejected", note: expect.stringContaining(own.record) },
  ]);
});
