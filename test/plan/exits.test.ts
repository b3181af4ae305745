import { expect, test } from "bun:test";
import { type ExitLink, exitsBeside } from "../../src/plan/exits.ts";
import { bytesOfIp } from "../../src/plan/ip.ts";
import { prefixOf } from "../../src/plan/prefix.ts";

const link = (
  index: number,
  name: string,
  type: string | null,
  more: Partial<ExitLink> = {},
): ExitLink => ({
  index,
  name,
  type,
  lowerIndex: null,
  masterIndex: null,
  ...more,
});

const links = [
  link(1, "lo", null),
  link(2, "eth0", null),
  link(3, "eth1", null),
  link(4, "fw0", "bridge"),
  link(5, "vx0", "vxlan", { lowerIndex: 2 }),
  link(6, "eth0.7", "vlan", { lowerIndex: 2 }),
  link(7, "eth1.7", "vlan", { lowerIndex: 3 }),
  link(8, "docker0", "bridge"),
  link(9, "veth1", "veth", { masterIndex: 8 }),
  link(10, "br1", "bridge"),
  link(11, "eth2", null, { masterIndex: 10 }),
  link(12, "wg0", "wireguard"),
  link(13, "bond0", "bond"),
  link(14, "loop0", "vlan", { lowerIndex: 14 }),
];

const numberOf = (name: string) => links.find((each) => each.name === name)?.index ?? 0;

test.each<
  [string, [dst: string, gw: string | null, ...devices: string[]][], Record<string, string[]>]
>([
  [
    "the uplink, the bridge and tunnels are none",
    [
      ["0.0.0.0/0", "192.0.2.1", "eth0"],
      ["10.1.0.0/24", null, "fw0"],
      ["10.2.0.0/16", null, "vx0"],
      ["10.3.0.0/16", null, "wg0"],
      ["10.4.0.0/16", "192.0.2.1", "eth0.7"],
      ["172.17.0.0/16", null, "docker0"],
    ],
    {},
  ],
  [
    "a second card with a network of its own",
    [["203.0.113.0/24", null, "eth1"]],
    { eth1: ["203.0.113.0/24"] },
  ],
  [
    "a default route over two cards",
    [["0.0.0.0/0", "192.0.2.1", "eth0", "eth1"]],
    { eth1: ["default"] },
  ],
  [
    "a VLAN of another card",
    [["10.4.0.0/16", "10.9.0.1", "eth1.7"]],
    { "eth1.7": ["10.4.0.0/16"] },
  ],
  [
    "a bridge with a card among its ports",
    [["10.5.0.0/16", null, "br1"]],
    { br1: ["10.5.0.0/16"] },
  ],
  [
    "a bond",
    [
      ["10.6.0.0/16", null, "bond0"],
      ["10.7.0.0/16", null, "bond0"],
    ],
    { bond0: ["10.6.0.0/16", "10.7.0.0/16"] },
  ],
  ["a container's own address", [["10.8.0.7/32", null, "veth1"]], {}],
  [
    "one address behind a router",
    [["10.8.0.7/32", "203.0.113.1", "eth1"]],
    { eth1: ["10.8.0.7/32"] },
  ],
  [
    "link-local networks and groups of IPv6",
    [
      ["fe80::/64", null, "eth1"],
      ["ff00::/8", null, "eth1"],
    ],
    {},
  ],
  ["IPv6 of the second card", [["fd00:9::/64", null, "eth1"]], { eth1: ["fd00:9::/64"] }],
  ["a device that stands on itself", [["10.9.0.0/16", null, "loop0"]], {}],
])("%s", (_, routes, expected) => {
  const given = routes.map(([dst, gw, ...devices]) => ({
    dst: prefixOf(dst),
    type: "unicast",
    hops: devices.map((dev) => ({
      gw: gw === null ? null : bytesOfIp(gw),
      oifIndex: numberOf(dev),
    })),
  }));
  const found = exitsBeside(numberOf("eth0"), numberOf("fw0"), links, given);
  expect(Object.fromEntries(found.map(({ dev, destinations }) => [dev, destinations]))).toEqual(
    expected,
  );
});
