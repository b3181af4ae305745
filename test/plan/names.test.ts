import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as names from "../../src/plan/names.ts";

const minor = fc.integer({ min: names.firstPodMinor, max: names.lastPodMinor });

describe("what follows from a class's minor", () => {
  test.each([
    [0x10, "fa01:10", "10:", "fwv10", "0e:58:00:00:00:10"],
    [0xf9ff, "fa01:f9ff", "f9ff:", "fwvf9ff", "0e:58:00:00:f9:ff"],
  ])("%d", (n, id, handle, veth, mac) => {
    expect(names.classid(n)).toBe(id);
    expect(names.leafHandle(n)).toBe(handle);
    expect(names.hostVeth(n)).toBe(veth);
    expect(names.hostMac(n)).toBe(mac);
  });

  test("no queue's handle is one of the trees' own", () => {
    fc.assert(
      fc.property(minor, (n) => {
        expect([names.tbfHandle, names.htbHandle]).not.toContain(names.leafHandle(n));
        expect([names.rootMinor, names.hostMinor]).not.toContain(n);
      }),
    );
  });

  test("a host interface's name fits into IFNAMSIZ and leads back", () => {
    fc.assert(
      fc.property(minor, (n) => {
        expect(names.hostVeth(n).length).toBeLessThanOrEqual(15);
        expect(names.minorOfHostVeth(names.hostVeth(n))).toBe(n);
      }),
    );
  });

  test.each(["fwv", "fwv0", "fwv010", "fwvG1", "fwv10 ", "fwv12345", "veth10", "xfwv10", "fwvA0"])(
    "%p is no name of ours",
    (name) => {
      expect(names.minorOfHostVeth(name)).toBeNull();
    },
  );
});

test.each([
  ["net/ipv4/ip_forward", "net.ipv4.ip_forward"],
  ["net/ipv4/conf/eth0.100/forwarding", "net.ipv4.conf.eth0/100.forwarding"],
])("sysctl(8) knows %s as %s, and it leads back", (path, name) => {
  expect(names.sysctlName(path)).toBe(name);
  expect(names.sysctlName(name)).toBe(path);
});

describe("MAC addresses", () => {
  test.each([
    ["10.244.1.2", "0a:58:0a:f4:01:02"],
    ["255.0.10.9", "0a:58:ff:00:0a:09"],
  ])("a pod with %s has %s", (address, mac) => {
    expect(names.podMac(address)).toBe(mac);
  });

  test("of pods without IPv4 differ also where addresses of two networks end alike", () => {
    const macs = ["fd00:1::2", "fd00:2::2", "fd00:1::3"].map(names.podMac);
    expect(new Set(macs).size).toBe(3);
    for (const mac of macs) expect(mac).toMatch(/^0a:59(:[0-9a-f]{2}){4}$/);
    expect(names.podMac("fd00:1::2")).toBe(macs[0] ?? "");
  });

  test.each([
    ["fw0", "0e:66:00:66:77:30"],
    ["cni-bridge7", "0e:66:64:67:65:37"],
  ])("bridge %s has %s", (bridge, mac) => {
    expect(names.bridgeMac(bridge)).toBe(mac);
  });

  test("are all unicast, and locally administered", () => {
    for (const mac of [
      names.podMac("10.0.0.1"),
      names.podMac("fd00::2"),
      names.hostMac(0x10),
      names.bridgeMac("fw0"),
    ])
      expect(Number.parseInt(mac.slice(0, 2), 16) & 3).toBe(2);
  });
});
