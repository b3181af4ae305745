import { describe, expect, test } from "bun:test";
import { formatCidr, formatIp } from "../../src/config/addresses.ts";
import { parseNetworkConfig } from "../../src/config/parse.ts";
import { configWith, errorOf } from "./support.ts";

const subnet = "10.244.1.0/24";

function ipamOf(ipam: Record<string, unknown>) {
  return parseNetworkConfig(configWith({ ipam })).ipam;
}

/** "first-last gateway" of each range. */
function rangesOf(ipam: Record<string, unknown>): string[][] {
  const ip = (value: bigint) => formatIp({ family: 4, value });
  return ipamOf(ipam).sets.map((set) =>
    set.map(({ first, last, gateway }) => `${ip(first)}-${ip(last)} ${formatIp(gateway)}`),
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
  ])("%s", (_, ipam, expected) => {
    expect(rangesOf(ipam)).toEqual([expected]);
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
