import { describe, expect, test } from "bun:test";
import { addResult, versionResult } from "../../src/cni/result.ts";
import { type CniVersion, cniVersions } from "../../src/config/types.ts";

const given = {
  interfaces: [
    { name: "fw0", mac: "02:00:00:00:00:01", mtu: 1500 },
    { name: "eth0", mac: "02:00:00:00:00:02", sandbox: "/run/netns/c1", mtu: 1500 },
  ],
  ips: [
    { interface: 1, address: "198.18.0.2/24", gateway: "198.18.0.1" },
    { interface: 1, address: "fd00::2/64", gateway: null },
  ],
  routes: [
    { dst: "0.0.0.0/0", gw: null },
    { dst: "198.19.0.0/24", gw: "198.18.0.254", mtuBytes: 1400, advmssBytes: 1300 },
    { dst: "::/0", gw: null, priority: 7, table: 100, scope: 0 },
  ],
  dns: { nameservers: ["198.18.0.53"] },
};

const bare = [
  { name: "fw0", mac: "02:00:00:00:00:01" },
  { name: "eth0", mac: "02:00:00:00:00:02", sandbox: "/run/netns/c1" },
];
const ips = [
  { interface: 1, address: "198.18.0.2/24", gateway: "198.18.0.1" },
  { interface: 1, address: "fd00::2/64" },
];

const routes = [
  { dst: "0.0.0.0/0" },
  { dst: "198.19.0.0/24", gw: "198.18.0.254" },
  { dst: "::/0" },
];
const routes11 = [
  routes[0],
  { ...routes[1], mtu: 1400, advmss: 1300 },
  { ...routes[2], priority: 7, table: 100, scope: 0 },
];

describe("an ADD result knows what its version knows", () => {
  const rows: [CniVersion, unknown[], unknown[]][] = [
    ...(["0.3.0", "0.3.1", "0.4.0"] as const).map((version): [CniVersion, unknown[], unknown[]] => [
      version,
      bare,
      ips.map((ip, index) => ({ version: index === 0 ? "4" : "6", ...ip })),
    ]),
    ["1.0.0", bare, ips],
    ["1.1.0", bare.map((link) => ({ ...link, mtu: 1500 })), ips],
  ];
  test.each(rows)("%s", (cniVersion, interfaces, expectedIps) => {
    const result: unknown = JSON.parse(JSON.stringify(addResult({ cniVersion, ...given })));
    expect(result).toEqual({
      cniVersion,
      interfaces,
      ips: expectedIps,
      routes: cniVersion === "1.1.0" ? routes11 : routes,
      dns: { nameservers: ["198.18.0.53"] },
    });
  });
});

test("an IPAM result has no interfaces; dns is always there", () => {
  const result = addResult({
    cniVersion: "1.0.0",
    interfaces: [],
    ips: [{ address: "198.18.0.2/24", gateway: "198.18.0.1" }],
    routes: [],
    dns: null,
  });
  expect(result).toEqual({
    cniVersion: "1.0.0",
    ips: [{ address: "198.18.0.2/24", gateway: "198.18.0.1" }],
    dns: {},
  });
});

test("interface index 0 is an index", () => {
  const { ips: found } = addResult({
    cniVersion: "1.0.0",
    ...given,
    ips: [{ interface: 0, address: "198.18.0.2/24" }],
  });
  expect(found).toEqual([{ interface: 0, address: "198.18.0.2/24" }]);
});

test("VERSION lists all versions", () => {
  expect(versionResult("1.0.0")).toEqual({
    cniVersion: "1.0.0",
    supportedVersions: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  });
  expect(versionResult("0.3.0").supportedVersions).toEqual([...cniVersions]);
});
