import { describe, expect, test } from "bun:test";
import { desiredBase, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import type { Announcement } from "../../src/plan/kinds/announcement.ts";
import type { Line } from "../../src/plan/kinds/kind.ts";
import { linesOf, shellLine } from "../../src/plan/render.ts";
import { routeObject } from "../../src/plan/routes.ts";
import type { KernelObject } from "../../src/plan/state.ts";
import { inputOf, networkWith, podWith } from "./samples.ts";

const common = { owner: "base", why: "a test" };
const create = (want: KernelObject): Step => ({ ...common, op: "create", want, have: null });
const change = (want: KernelObject): Step => ({ ...common, op: "change", want, have: want });
const remove = (have: KernelObject): Step => ({
  ...common,
  op: "delete",
  want: null,
  have,
  takes: [],
});

const netns = "/run/netns/a";
const mac = "0e:58:00:00:00:10";
const bridge: KernelObject = { kind: "bridge", name: "fw0", mac, mtuBytes: 1500, up: true };
const dualBridge: KernelObject = {
  kind: "bridge",
  name: "fw0",
  mac: "0e:58:00:00:00:10",
  mtuBytes: 1500,
  up: true,
  withoutDad: true,
};
const veth: KernelObject = { kind: "veth", name: "fwv10", netns, ifname: "eth0" };
const port: KernelObject = {
  kind: "port",
  name: "fwv10",
  mac,
  mtuBytes: 1500,
  bridge: "fw0",
  hairpin: true,
  groupForwardMask: 0xfffd,
  up: true,
};
const announcement: Announcement = {
  kind: "announcement",
  netns,
  dev: "eth0",
  mac,
  port: "fwv10",
  hasIpv6: false,
};
const podlink: KernelObject = {
  kind: "podlink",
  netns,
  name: "eth0",
  mac,
  mtuBytes: 1500,
  gsoMaxBytes: 9_000,
  up: true,
};
const gateway: KernelObject = { kind: "address", netns: null, dev: "fw0", cidr: "10.1.0.1/24" };
const address: KernelObject = { kind: "address", netns, dev: "eth0", cidr: "10.1.0.2/24" };
const route = routeObject(netns, "eth0", { dst: "0.0.0.0/0", gw: "10.1.0.1" });
const route6 = routeObject(netns, "eth0", { dst: "::/0", gw: "fd00:1::1" });
const setting: KernelObject = {
  kind: "ipv6setting",
  netns,
  dev: "eth0",
  name: "accept_ra",
  value: "0",
};
const tbf: KernelObject = {
  kind: "qdisc",
  dev: "fw0",
  parent: "root",
  handle: "fa00:",
  spec: {
    type: "tbf",
    rateBytes: 125_000_000,
    burstBytes: 70_000,
    burstTicks: 8_750,
    limitBytes: 140_000,
  },
};
const htb: KernelObject = {
  kind: "qdisc",
  dev: "fw0",
  parent: "fa00:1",
  handle: "fa01:",
  spec: { type: "htb", defaultMinor: 0x20 },
};
const queue: KernelObject = {
  kind: "qdisc",
  dev: "fw0",
  parent: "fa01:10",
  handle: "10:",
  spec: { type: "bfifo", limitBytes: 131_072 },
};
const leaf: KernelObject = {
  kind: "class",
  dev: "fw0",
  classid: "fa01:10",
  parent: "fa01:1",
  rateBytes: 1_000,
  ceilBytes: 250_000_000,
  burstBytes: 65_536,
  burstTicks: 0,
  cburstBytes: 625_000,
  cburstTicks: 0,
  quantumBytes: 65_536,
  prio: 1,
};
const root: KernelObject = { ...leaf, classid: "fa01:1", parent: "root" };
const set: KernelObject = { kind: "element", set: "masq4", key: "10.1.0.0/24", value: null };
const map: KernelObject = { kind: "element", set: "class4", key: "10.1.0.2", value: "fa01:10" };
const table: KernelObject = {
  kind: "ruleset",
  table: "inet fairway",
  sets: [{ name: "masq4", kind: "set", spec: "type ipv4_addr; flags interval;" }],
  chains: [
    {
      name: "nat",
      type: "nat",
      hook: "postrouting",
      priority: 100,
      rules: [{ id: "fairway nat 1", text: "ip saddr @masq4 masquerade" }],
    },
  ],
};
const settings =
  "htb rate 1000bps ceil 250000000bps burst 65536b cburst 625000b quantum 65536 prio 1";

const cases: [title: string, step: Step, lines: string[]][] = [
  [
    "a sysctl",
    create({ kind: "sysctl", path: "net/ipv4/ip_forward", value: "1" }),
    ["sysctl net.ipv4.ip_forward=1"],
  ],
  [
    "nothing takes a sysctl back",
    remove({ kind: "sysctl", path: "net/ipv4/ip_forward", value: "1" }),
    [],
  ],
  [
    "a bridge",
    create(bridge),
    [
      `ip link add name fw0 address ${mac} type bridge`,
      `ip link set dev fw0 address ${mac} mtu 1500 up`,
    ],
  ],
  [
    "a bridge's settings",
    change({ ...bridge, up: false }),
    [`ip link set dev fw0 address ${mac} mtu 1500 down`],
  ],
  ["a bridge gone", remove(bridge), ["ip link del dev fw0"]],
  ["a pair", create(veth), ["ip link add name fwv10 type veth peer name eth0 netns /run/netns/a"]],
  ["a pair gone", remove(veth), ["ip link del dev fwv10"]],
  [
    "a host end",
    create(port),
    [
      `ip link set dev fwv10 address ${mac} mtu 1500 master fw0 up`,
      "ip link set dev fwv10 type bridge_slave hairpin on group_fwd_mask 65533",
    ],
  ],
  [
    "a host end on no bridge",
    change({ ...port, bridge: null, hairpin: false }),
    [`ip link set dev fwv10 address ${mac} mtu 1500 nomaster up`],
  ],
  ["a host end goes with its pair", remove(port), []],
  [
    "a pod's end",
    change(podlink),
    [`a: ip link set dev eth0 address ${mac} mtu 1500 gso_max_size 9000 up`],
  ],
  ["a pod's end goes with its pair", remove(podlink), []],
  ["the node's address", create(gateway), ["ip address add 10.1.0.1/24 dev fw0"]],
  [
    "the node's address gone, others of its subnet not",
    remove({ ...gateway, keepsOthers: true }),
    ["sysctl net.ipv4.conf.fw0.promote_secondaries=1", "ip address del 10.1.0.1/24 dev fw0"],
  ],
  ["a pod's address", create(address), ["a: ip address add 10.1.0.2/24 dev eth0"]],
  ["a pod's address gone", remove(address), ["a: ip address del 10.1.0.2/24 dev eth0"]],
  [
    "what is told of a pod's addresses",
    create(announcement),
    ["a: sysctl net.ipv4.conf.eth0.arp_notify=1", `a: ip link set dev eth0 address ${mac}`],
  ],
  [
    "the same with addresses of IPv6",
    create({ ...announcement, hasIpv6: true }),
    [
      "a: sysctl net.ipv4.conf.eth0.arp_notify=1",
      "a: sysctl net.ipv6.conf.eth0.ndisc_notify=1",
      `a: ip link set dev eth0 address ${mac}`,
    ],
  ],
  ["what was told is not taken back", remove(announcement), []],
  ["a route", create(route), ["a: ip route add 0.0.0.0/0 via 10.1.0.1 dev eth0"]],
  [
    "a route without a gateway",
    create(routeObject(netns, "eth0", { dst: "0.0.0.0/0", gw: null })),
    ["a: ip route add 0.0.0.0/0 dev eth0"],
  ],
  ["a route gone", remove(route), ["a: ip route del 0.0.0.0/0 via 10.1.0.1 dev eth0"]],
  [
    "a route of IPv6, with the kernel's own metric",
    create(route6),
    ["a: ip route add ::/0 via fd00:1::1 dev eth0 metric 1024"],
  ],
  [
    "a route of IPv6 gone",
    remove(route6),
    ["a: ip route del ::/0 via fd00:1::1 dev eth0 metric 1024"],
  ],
  [
    "a route with all that it may have",
    create({ ...route, table: 100, priority: 7, scope: 200, mtuBytes: 1400, advmssBytes: 1300 }),
    [
      "a: ip route add 0.0.0.0/0 via 10.1.0.1 dev eth0 table 100 metric 7 scope 200 mtu 1400 advmss 1300",
    ],
  ],
  [
    "its place is what it is deleted by",
    remove({ ...route, table: 100, priority: 7, scope: 200, mtuBytes: 1400 }),
    ["a: ip route del 0.0.0.0/0 via 10.1.0.1 dev eth0 table 100 metric 7"],
  ],
  [
    "an address of IPv6, without a wait",
    create({ kind: "address", netns, dev: "eth0", cidr: "fd00:1::2/64" }),
    ["a: ip address add fd00:1::2/64 dev eth0 nodad"],
  ],
  [
    "an address of IPv6 gone",
    remove({ kind: "address", netns, dev: "eth0", cidr: "fd00:1::2/64" }),
    ["a: ip address del fd00:1::2/64 dev eth0"],
  ],
  [
    "a bridge for IPv6, which is told to ask nobody before it goes up",
    create(dualBridge),
    [
      `ip link add name fw0 address ${mac} type bridge`,
      "sysctl net.ipv6.conf.fw0.accept_dad=0",
      `ip link set dev fw0 address ${mac} mtu 1500 up`,
    ],
  ],
  [
    "and keeps it when it is changed",
    change(dualBridge),
    [`ip link set dev fw0 address ${mac} mtu 1500 up`],
  ],
  ["a pod's setting", create(setting), ["a: sysctl net.ipv6.conf.eth0.accept_ra=0"]],
  [
    "a setting of an interface with a dot",
    create({ ...setting, netns: null, dev: "eth0.7" }),
    ["sysctl net.ipv6.conf.eth0/7.accept_ra=0"],
  ],
  ["nothing takes a setting back", remove(setting), []],
  [
    "a TBF",
    create(tbf),
    ["tc qdisc replace dev fw0 root handle fa00: tbf rate 125000000bps burst 70000b limit 140000b"],
  ],
  [
    "a TBF's settings, which keep what is below",
    change(tbf),
    ["tc qdisc change dev fw0 root handle fa00: tbf rate 125000000bps burst 70000b limit 140000b"],
  ],
  ["a TBF gone", remove(tbf), ["tc qdisc del dev fw0 root"]],
  [
    "an HTB, its default in hexadecimal",
    create(htb),
    ["tc qdisc replace dev fw0 parent fa00:1 handle fa01: htb default 20"],
  ],
  [
    "a queue",
    create(queue),
    ["tc qdisc replace dev fw0 parent fa01:10 handle 10: bfifo limit 131072b"],
  ],
  ["a queue gone", remove(queue), ["tc qdisc del dev fw0 parent fa01:10"]],
  ["a class", create(leaf), [`tc class add dev fw0 parent fa01:1 classid fa01:10 ${settings}`]],
  [
    "a class's settings",
    change(leaf),
    [`tc class change dev fw0 parent fa01:1 classid fa01:10 ${settings}`],
  ],
  [
    "a root class hangs on the qdisc",
    create(root),
    [`tc class add dev fw0 parent fa01: classid fa01:1 ${settings}`],
  ],
  ["a class gone", remove(leaf), ["tc class del dev fw0 classid fa01:10"]],
  ["an element of a set", create(set), ["nft add element inet fairway masq4 { 10.1.0.0/24 }"]],
  [
    "an element of a map",
    create(map),
    ["nft add element inet fairway class4 { 10.1.0.2 : fa01:10 }"],
  ],
  [
    "an element gone, whatever its value is by now",
    remove(map),
    ["nft delete element inet fairway class4 { 10.1.0.2 }"],
  ],
  [
    "a table, in one transaction",
    create(table),
    [
      [
        "nft add table inet fairway",
        "add set inet fairway masq4 { type ipv4_addr; flags interval; }",
        "add chain inet fairway nat { type nat hook postrouting priority 100; policy accept; }",
        'add rule inet fairway nat ip saddr @masq4 masquerade comment "fairway nat 1"',
      ].join("\n"),
    ],
  ],
  [
    "a table's chains, made anew in one transaction",
    change(table),
    [
      [
        "nft add table inet fairway",
        "add set inet fairway masq4 { type ipv4_addr; flags interval; }",
        "add chain inet fairway nat",
        "delete chain inet fairway nat",
        "add chain inet fairway nat { type nat hook postrouting priority 100; policy accept; }",
        'add rule inet fairway nat ip saddr @masq4 masquerade comment "fairway nat 1"',
      ].join("\n"),
    ],
  ],
  ["a table gone", remove(table), ["nft delete table inet fairway"]],
];

const told = ({ tool, netns: where, text }: Line): string =>
  `${where === null ? "" : `${where.split("/").at(-1)}: `}${tool} ${text}`;

describe("a step as lines", () => {
  for (const [title, step, lines] of cases)
    test(title, () => {
      expect(linesOf(step).map(told)).toEqual(lines);
    });
});

describe("a line in a shell", () => {
  const rows: [Line, string][] = [
    [{ tool: "ip", netns: null, text: "link show" }, "ip link show"],
    [{ tool: "ip", netns: "/run/netns/a-1", text: "link show" }, "ip -n a-1 link show"],
    [{ tool: "ip", netns: "/var/run/netns/a.b", text: "link show" }, "ip -n a.b link show"],
    [
      { tool: "ip", netns: "/proc/7/ns/net", text: "link show" },
      "nsenter --net=/proc/7/ns/net ip link show",
    ],
    [
      { tool: "ip", netns: "/run/netns/a/b", text: "link show" },
      "nsenter --net=/run/netns/a/b ip link show",
    ],
    [{ tool: "tc", netns: null, text: "qdisc show" }, "tc qdisc show"],
    [{ tool: "sysctl", netns: null, text: "a.b=1" }, "sysctl -w a.b=1"],
    [{ tool: "sysctl", netns: "/run/netns/a", text: "a.b=1" }, "ip netns exec a sysctl -w a.b=1"],
    [
      { tool: "sysctl", netns: "/proc/7/ns/net", text: "a.b=1" },
      "nsenter --net=/proc/7/ns/net sysctl -w a.b=1",
    ],
    [{ tool: "nft", netns: null, text: "list ruleset" }, "nft -f - <<'EOF'\nlist ruleset\nEOF"],
  ];
  for (const [line, text] of rows)
    test(text.replaceAll("\n", " "), () => {
      expect(shellLine(line)).toBe(text);
    });
});

test("no line of a node holds a quote that a shell would see, but nft's comments", () => {
  const network = networkWith({ masquerade: { subnets: ["10.1.0.0/24"], except: ["192.0.2.1"] } });
  const states = [desiredBase(inputOf([network])), desiredPod(podWith(0x10), network)];
  const lines = states.flatMap((state) => diff(state, new Map()).steps.flatMap(linesOf));
  expect(lines.length).toBeGreaterThan(25);
  for (const { tool, text } of lines) {
    expect(text).not.toMatch(/undefined|NaN|null|\[object/);
    if (tool !== "nft") expect(text).toMatch(/^[\w .:/=-]+$/);
  }
});

test("a change of the table deletes the chains of ours that are not wanted, and no others", () => {
  if (table.kind !== "ruleset") throw new Error("no table");
  const stale = (name: string, id: string) => ({
    ...{ name, type: "filter", hook: "input", priority: 0 },
    rules: [{ id, text: "" }],
  });
  const have = { ...table, chains: [stale("old", "fairway old 1"), stale("other", "mine")] };
  const [line] = linesOf({ ...common, op: "change", want: table, have });
  expect(line?.text.split("\n").at(-1)).toBe("delete chain inet fairway old");
  expect(line?.text).not.toContain("other");
});

test.each([
  [9_000, ["link set dev eth0 gso_max_size 9000"]],
  [65_536, ["link set dev eth0 gso_max_size 65536"]],
  // IPv4's own limit follows the first line, and not the second.
  [524_280, ["link set dev eth0 gso_max_size 65536", "link set dev eth0 gso_max_size 524280"]],
])("a host interface's gso_max_size of %d", (gsoMaxBytes, lines) => {
  const want: KernelObject = { kind: "hostlink", name: "eth0", gsoMaxBytes };
  expect(linesOf(change(want)).map(({ text }) => text)).toEqual(lines);
});
