import { describe, expect, test } from "bun:test";
import { routeObject } from "../../src/plan/routes.ts";
import type { KernelObject } from "../../src/plan/state.ts";
import { keyOf, merge, stateOf, titleOf } from "../../src/plan/state.ts";

const netns = "/run/netns/a";
const link = { mac: "0a:58:00:00:00:01", mtuBytes: 1500, up: true };
const rates = {
  rateBytes: 1,
  ceilBytes: 1,
  burstBytes: 1,
  burstTicks: 1,
  cburstBytes: 1,
  cburstTicks: 1,
  quantumBytes: 1,
  prio: 0,
};

const cases: [object: KernelObject, key: string, title: string][] = [
  [
    { kind: "sysctl", path: "net/ipv4/ip_forward", value: "1" },
    "sysctl net/ipv4/ip_forward",
    "sysctl net.ipv4.ip_forward",
  ],
  [{ kind: "bridge", name: "fw0", ...link }, "bridge fw0", "bridge fw0"],
  [{ kind: "veth", name: "fwv10", netns, ifname: "eth0" }, "veth fwv10", "veth pair fwv10 - eth0"],
  [
    { kind: "port", name: "fwv10", bridge: "fw0", hairpin: true, groupForwardMask: 0, ...link },
    "port fwv10",
    "host interface fwv10",
  ],
  [
    { kind: "podlink", netns, name: "eth0", gsoMaxBytes: 9_000, ...link },
    "podlink /run/netns/a eth0",
    "pod interface eth0",
  ],
  [
    { kind: "address", netns: null, dev: "fw0", cidr: "10.1.0.1/24" },
    "address node fw0 10.1.0.1/24",
    "address 10.1.0.1/24 on fw0",
  ],
  [
    { kind: "address", netns, dev: "eth0", cidr: "10.1.0.2/24" },
    "address /run/netns/a eth0 10.1.0.2/24",
    "address 10.1.0.2/24 on eth0",
  ],
  [
    { kind: "announcement", netns, dev: "eth0", mac: link.mac, port: "fwv10", hasIpv6: false },
    "announcement /run/netns/a eth0",
    "announcement of eth0",
  ],
  [
    routeObject(netns, "eth0", { dst: "0.0.0.0/0", gw: null }),
    "route /run/netns/a 0.0.0.0/0",
    "route 0.0.0.0/0 on eth0",
  ],
  [
    routeObject(netns, "eth0", { dst: "::/0", gw: "fd00::1" }),
    "route /run/netns/a ::/0 metric 1024",
    "route ::/0 on eth0 metric 1024",
  ],
  [
    routeObject(netns, "eth0", { dst: "0.0.0.0/0", gw: null, table: 100, priority: 5 }),
    "route /run/netns/a 0.0.0.0/0 table 100 metric 5",
    "route 0.0.0.0/0 on eth0 table 100 metric 5",
  ],
  [
    { kind: "ipv6setting", netns, dev: "eth0", name: "accept_ra", value: "0" },
    "ipv6setting /run/netns/a eth0 accept_ra",
    "IPv6 setting accept_ra of eth0",
  ],
  [
    {
      kind: "qdisc",
      dev: "fw0",
      parent: "root",
      handle: "fa00:",
      spec: { type: "htb", defaultMinor: 0 },
    },
    "qdisc fw0 root",
    "root qdisc of fw0",
  ],
  [
    {
      kind: "qdisc",
      dev: "fw0",
      parent: "fa01:10",
      handle: "10:",
      spec: { type: "bfifo", limitBytes: 1 },
    },
    "qdisc fw0 fa01:10",
    "qdisc of class fa01:10 on fw0",
  ],
  [
    { kind: "class", dev: "fw0", classid: "fa01:10", parent: "fa01:1", ...rates },
    "class fw0 fa01:10",
    "class fa01:10 on fw0",
  ],
  [
    { kind: "ruleset", table: "inet fairway", sets: [], chains: [] },
    "ruleset inet fairway",
    "nftables table inet fairway",
  ],
  [
    { kind: "element", set: "class4", key: "10.1.0.2", value: "fa01:10" },
    "element class4 10.1.0.2",
    "element 10.1.0.2 of class4",
  ],
];

describe("an object's key and its title", () => {
  for (const [object, key, title] of cases)
    test(key, () => {
      expect(keyOf(object)).toBe(key);
      expect(titleOf(object)).toBe(title);
    });

  test("no two keys are the same", () => {
    expect(new Set(cases.map(([object]) => keyOf(object))).size).toBe(cases.length);
  });
});

describe("a state", () => {
  const sysctl = (value: string) =>
    ({ owner: "base", object: { kind: "sysctl", path: "p", value } }) as const;

  test("has one object of a key, the last", () => {
    expect([...stateOf([sysctl("0"), sysctl("1")])]).toEqual([["sysctl p", sysctl("1")]]);
  });

  test("merged with another keeps what is in either", () => {
    const other = { owner: "a", object: { kind: "sysctl", path: "q", value: "2" } } as const;
    expect([...merge(stateOf([sysctl("0")]), stateOf([sysctl("1"), other])).values()]).toEqual([
      sysctl("1"),
      other,
    ]);
    expect(merge().size).toBe(0);
  });
});
