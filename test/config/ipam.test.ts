import { describe, expect, test } from "bun:test";
import { formatCidr, formatIp } from "../../src/config/addresses.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

const subnet = "10.244.1.0/24";
const subnet6 = "fd00:1::/64";

function ipamOf(ipam: Record<string, unknown>) {
  return parseNetworkConfig(configWith({ ipam })).ipam;
}

/** "first-last gateway" of each range. */
function rangesOf(ipam: Record<string, unknown>): string[][] {
  return ipamOf(ipam).sets.map((set) =>
    set.map(({ first, last, gateway: { family, value } }) => {
      const [from, to, gateway] = [first, last, value].map((each) =>
        formatIp({ family, value: each }),
      );
      return `${from}-${to} ${gateway}`;
    }),
  );
}

describe("ranges", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["a subnet alone", { subnet }, ["10.244.1.2-10.244.1.254 10.244.1.1"]],
    ["our type", { subnet, type: "fairway" }, ["10.244.1.2-10.244.1.254 10.244.1.1"]],
    [
      "a gateway elsewhere",
      { subnet, gateway: "10.244.1.254" },
      ["10.244.1.1-10.244.1.254 10.244.1.254"],
    ],
    [
      "both ends given",
      { subnet, rangeStart: "10.244.1.10", rangeEnd: "10.244.1.20" },
      ["10.244.1.10-10.244.1.20 10.244.1.1"],
    ],
    [
      "one address",
      { subnet, rangeStart: "10.244.1.9", rangeEnd: "10.244.1.9" },
      ["10.244.1.9-10.244.1.9 10.244.1.1"],
    ],
    [
      "a start on the gateway stays: it is skipped when addresses are given",
      { subnet, rangeStart: "10.244.1.1" },
      ["10.244.1.1-10.244.1.254 10.244.1.1"],
    ],
    ["the smallest subnet", { subnet: "10.0.0.4/30" }, ["10.0.0.6-10.0.0.6 10.0.0.5"]],
    ["a large subnet", { subnet: "10.0.0.0/8" }, ["10.0.0.2-10.255.255.254 10.0.0.1"]],
    [
      "ranges, of two subnets in one set",
      { ranges: [[{ subnet, rangeEnd: "10.244.1.99" }, { subnet: "10.244.2.0/25" }]] },
      ["10.244.1.2-10.244.1.99 10.244.1.1", "10.244.2.2-10.244.2.126 10.244.2.1"],
    ],
    [
      "two ranges of one subnet",
      {
        ranges: [
          [
            { subnet, rangeStart: "10.244.1.10", rangeEnd: "10.244.1.19" },
            { subnet, rangeStart: "10.244.1.20", rangeEnd: "10.244.1.29" },
          ],
        ],
      },
      ["10.244.1.10-10.244.1.19 10.244.1.1", "10.244.1.20-10.244.1.29 10.244.1.1"],
    ],
    [
      "IPv6, whose last address is one",
      { subnet: subnet6 },
      ["fd00:1::2-fd00:1::ffff:ffff:ffff:ffff fd00:1::1"],
    ],
    ["a /112", { subnet: "fd00:1::/112" }, ["fd00:1::2-fd00:1::ffff fd00:1::1"]],
    ["the smallest of IPv6", { subnet: "fd00:1::4/126" }, ["fd00:1::6-fd00:1::7 fd00:1::5"]],
    [
      "larger than a /64",
      { subnet: "fd00:1::/48", rangeStart: "fd00:1::1:0", rangeEnd: "fd00:1::1:ff" },
      ["fd00:1::1:0-fd00:1::1:ff fd00:1::1"],
    ],
  ])("%s", (_, ipam, expected) => {
    expect(rangesOf(ipam)).toEqual([expected]);
  });

  test.each<[string, Record<string, unknown>, string[][]]>([
    [
      "one of each family",
      { ranges: [[{ subnet }], [{ subnet: subnet6, gateway: "fd00:1::fe" }]] },
      [
        ["10.244.1.2-10.244.1.254 10.244.1.1"],
        ["fd00:1::1-fd00:1::ffff:ffff:ffff:ffff fd00:1::fe"],
      ],
    ],
    [
      "a subnet at the top goes before the others",
      { subnet: subnet6, ranges: [[{ subnet }]] },
      [["fd00:1::2-fd00:1::ffff:ffff:ffff:ffff fd00:1::1"], ["10.244.1.2-10.244.1.254 10.244.1.1"]],
    ],
    [
      "two of one family",
      { ranges: [[{ subnet }], [{ subnet: "10.244.2.0/24" }]] },
      [["10.244.1.2-10.244.1.254 10.244.1.1"], ["10.244.2.2-10.244.2.254 10.244.2.1"]],
    ],
  ])("several sets: %s", (_, ipam, expected) => {
    expect(rangesOf(ipam)).toEqual(expected);
  });

  test("what is excluded: networks and single addresses", () => {
    const { exclude } = ipamOf({ subnet, exclude: ["10.244.1.16/28", "10.244.1.200"] });
    expect(exclude.map(formatCidr)).toEqual(["10.244.1.16/28", "10.244.1.200/32"]);
  });

  test("excluding all but one leaves one", () => {
    const exclude = ["10.0.0.2", "10.0.0.3", "10.0.0.4/31"];
    expect(rangesOf({ subnet: "10.0.0.0/29", exclude })).toEqual([["10.0.0.2-10.0.0.6 10.0.0.1"]]);
  });
});

describe("what is wrong with ranges", () => {
  const range = (keys: Record<string, unknown>) => ({ ranges: [[{ subnet }, keys]] });
  test.each<[string, Record<string, unknown>, string]>([
    ["no subnet", {}, "ipam.subnet: is missing"],
    ["no ranges", { ranges: [] }, "ipam.subnet: is missing"],
    ["an empty set", { ranges: [[]] }, "ipam.ranges[0]: has no range"],
    ["a range without a subnet", { ranges: [[{}]] }, "ipam.ranges[0][0].subnet: is missing"],
    ["ranges not in a set", { ranges: [{ subnet }] }, "ipam.ranges[0]: has to be an array"],
    [
      "a range's key without a subnet",
      { ranges: [[{ subnet }]], rangeStart: "10.244.1.5" },
      "ipam.rangeStart: belongs to a subnet",
    ],
    ["host bits", { subnet: "10.244.1.7/24" }, 'ipam.subnet: "10.244.1.7/24" is an address in'],
    ["a /31", { subnet: "10.0.0.0/31" }, "ipam.subnet: 10.0.0.0/31 is too small"],
    ["a /32", { subnet: "10.0.0.0/32" }, "ipam.subnet: 10.0.0.0/32 is too small"],
    [
      "a start outside",
      { subnet, rangeStart: "10.244.0.255" },
      "ipam.rangeStart: 10.244.0.255 lies outside 10.244.1.0/24",
    ],
    [
      "an end outside",
      { subnet, rangeEnd: "10.244.2.0" },
      "ipam.rangeEnd: 10.244.2.0 lies outside 10.244.1.0/24",
    ],
    [
      "a gateway outside",
      { subnet, gateway: "10.1.1.1" },
      "ipam.gateway: 10.1.1.1 lies outside 10.244.1.0/24",
    ],
    [
      "the network address",
      { subnet, rangeStart: "10.244.1.0" },
      "ipam.rangeStart: 10.244.1.0 is the network address of 10.244.1.0/24",
    ],
    [
      "the broadcast address",
      { subnet, rangeEnd: "10.244.1.255" },
      "ipam.rangeEnd: 10.244.1.255 is the broadcast address of 10.244.1.0/24",
    ],
    [
      "start and end swapped",
      { subnet, rangeStart: "10.244.1.20", rangeEnd: "10.244.1.10" },
      "ipam.rangeStart: 10.244.1.20 comes after rangeEnd 10.244.1.10",
    ],
    [
      "only the gateway",
      { subnet, rangeStart: "10.244.1.1", rangeEnd: "10.244.1.1" },
      "ipam.subnet: no address is left in 10.244.1.1-10.244.1.1",
    ],
    [
      "all excluded, in overlapping pieces, out of order",
      { subnet: "10.0.0.0/29", exclude: ["10.0.0.4/30", "10.0.0.5", "10.0.0.0/30"] },
      "ipam.subnet: no address is left in 10.0.0.2-10.0.0.6",
    ],
    [
      "all excluded but another range's gateway",
      {
        ranges: [
          [
            { subnet, rangeStart: "10.244.1.10", rangeEnd: "10.244.1.11" },
            { subnet, rangeStart: "10.244.1.20", rangeEnd: "10.244.1.29", gateway: "10.244.1.10" },
          ],
        ],
        exclude: ["10.244.1.11"],
      },
      "ipam.ranges[0][0]: no address is left in 10.244.1.10-10.244.1.11",
    ],
    [
      "an exclusion elsewhere",
      { subnet, exclude: ["10.9.0.0/24"] },
      "ipam.exclude: 10.9.0.0/24 lies outside 10.244.1.0/24",
    ],
    ["an exclusion that is none", { subnet, exclude: ["x"] }, 'ipam.exclude[0]: "x" is not an IP'],
    [
      "overlapping ranges",
      range({ subnet, rangeStart: "10.244.1.254" }),
      "ipam.ranges[0][1]: 10.244.1.254-10.244.1.254 overlaps ipam.ranges[0][0] (10.244.1.2-10.244.1.254)",
    ],
    ["a /127", { subnet: "fd00::/127" }, "ipam.subnet: fd00::/127 is too small"],
    [
      "the network address of IPv6",
      { subnet: subnet6, gateway: "fd00:1::" },
      "ipam.gateway: fd00:1:: is the network address of fd00:1::/64",
    ],
    [
      "a gateway of the other family",
      { subnet, gateway: "fd00:1::1" },
      "ipam.gateway: fd00:1::1 lies outside 10.244.1.0/24",
    ],
    [
      "two families in a set",
      range({ subnet: subnet6 }),
      "ipam.ranges[0][1]: fd00:1::/64 is IPv6, the set's first range is IPv4",
    ],
    [
      "overlapping sets",
      { ranges: [[{ subnet: subnet6 }], [{ subnet }], [{ subnet: "fd00:1::/112" }]] },
      "ipam.ranges[2][0]: fd00:1::2-fd00:1::ffff overlaps ipam.ranges[0][0]",
    ],
    [
      "all excluded of one family",
      { ranges: [[{ subnet }], [{ subnet: "fd00:1::/126" }]], exclude: ["fd00:1::2/127"] },
      "ipam.ranges[1][0]: no address is left in fd00:1::2-fd00:1::3",
    ],
    [
      "an exclusion of the other family",
      { subnet, exclude: [subnet6] },
      "ipam.exclude: fd00:1::/64 lies outside 10.244.1.0/24",
    ],
    [
      "an unknown key in a range",
      range({ subnet: "10.244.2.0/24", rangeBegin: "10.244.2.5" }),
      "ipam.ranges[0][1].rangeBegin: unknown key",
    ],
  ])("%s", (_, ipam, msg) => {
    const error = errorOf(() => ipamOf(ipam));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
  });
});

describe("routes", () => {
  test("with and without a gateway", () => {
    const routes = [{ dst: "0.0.0.0/0" }, { dst: "198.18.0.0/15", gw: "10.244.1.9" }];
    expect(ipamOf({ subnet, routes }).routes).toEqual([
      { dst: "0.0.0.0/0", gw: null },
      { dst: "198.18.0.0/15", gw: "10.244.1.9" },
    ]);
  });

  test("of both families, with all their fields; 0 is Go's nothing", () => {
    const routes = [
      { dst: "::/0", gw: "fd00:1::9", mtu: 1400, advmss: 1300, priority: 7, table: 100, scope: 0 },
      { dst: "0.0.0.0/0", mtu: 0, advmss: 0, priority: 0 },
      { dst: "0.0.0.0/0", table: 100 },
      { dst: "0.0.0.0/0", priority: 5, scope: 253 },
    ];
    expect(ipamOf({ ranges: [[{ subnet }], [{ subnet: subnet6 }]], routes }).routes).toEqual([
      {
        dst: "::/0",
        gw: "fd00:1::9",
        mtuBytes: 1400,
        advmssBytes: 1300,
        priority: 7,
        table: 100,
        scope: 0,
      },
      { dst: "0.0.0.0/0", gw: null },
      { dst: "0.0.0.0/0", gw: null, table: 100 },
      { dst: "0.0.0.0/0", gw: null, priority: 5, scope: 253 },
    ]);
  });

  test.each<[string, Record<string, unknown>[], string]>([
    [
      "a destination without addresses",
      [{ dst: "::/0" }],
      "ipam.routes[0].dst: ::/0 is IPv6, and pods get no such address (10.244.1.0/24)",
    ],
    [
      "two families",
      [{ dst: "0.0.0.0/0", gw: "fd00:1::1" }],
      "ipam.routes[0].gw: fd00:1::1 is IPv6, and the route's dst 0.0.0.0/0 IPv4",
    ],
    [
      "twice",
      [{ dst: "0.0.0.0/0" }, { dst: "0.0.0.0/0", gw: "10.244.1.9", table: 254 }],
      "ipam.routes[1]: 0.0.0.0/0 is a route already (ipam.routes[0])",
    ],
    [
      "a next hop on the link",
      [{ dst: "0.0.0.0/0", gw: "10.244.1.9", scope: 253 }],
      "ipam.routes[0].scope: 253 is for what is reached without a next hop",
    ],
    [
      "a scope that is none",
      [{ dst: "0.0.0.0/0", scope: 255 }],
      "ipam.routes[0].scope: 255 is above 254",
    ],
    [
      "an MTU below the least",
      [{ dst: "0.0.0.0/0", mtu: 67 }],
      "ipam.routes[0].mtu: 67 is below 68",
    ],
    [
      "an MTU that the kernel would cut",
      [{ dst: "0.0.0.0/0", mtu: 65_521 }],
      "ipam.routes[0].mtu: 65521 is above 65520",
    ],
    [
      "an MSS that the kernel would cut",
      [{ dst: "0.0.0.0/0", advmss: 65_496 }],
      "ipam.routes[0].advmss: 65496 is above 65495",
    ],
    [
      "a table that is none",
      [{ dst: "0.0.0.0/0", table: 0 }],
      "ipam.routes[0].table: 0 is below 1",
    ],
    [
      "a priority below zero",
      [{ dst: "0.0.0.0/0", priority: -1 }],
      "ipam.routes[0].priority: -1 is below 0",
    ],
    [
      "a priority in words",
      [{ dst: "0.0.0.0/0", priority: "7" }],
      "ipam.routes[0].priority: has to be a whole number",
    ],
  ])("%s is refused", (_, routes, msg) => {
    const error = errorOf(() => ipamOf({ subnet, routes }));
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["an MTU below IPv6's least", { mtu: 1279 }, "ipam.routes[0].mtu: 1279 is below 1280"],
    [
      "a scope, which IPv6 has not",
      { scope: 200 },
      "ipam.routes[0].scope: 200: IPv6 routes have no scope",
    ],
  ])("%s is refused", (_, keys, msg) => {
    const routes = [{ dst: "::/0", ...keys }];
    expect(errorOf(() => ipamOf({ subnet: subnet6, routes })).message).toStartWith(msg);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["no destination", { gw: "10.244.1.1" }, "ipam.routes[0].dst: is missing"],
    ["host bits", { dst: "198.18.0.1/15" }, 'ipam.routes[0].dst: "198.18.0.1/15" is an address'],
    [
      "no gateway's address",
      { dst: "0.0.0.0/0", gw: "gw" },
      'ipam.routes[0].gw: "gw" is not an IP',
    ],
    [
      "a gateway out of reach",
      { dst: "0.0.0.0/0", gw: "10.9.0.1" },
      "ipam.routes[0].gw: 10.9.0.1 lies outside 10.244.1.0/24",
    ],
  ])("%s", (_, route, msg) => {
    expect(errorOf(() => ipamOf({ subnet, routes: [route] })).message).toStartWith(msg);
  });
});
