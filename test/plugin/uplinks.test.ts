/** Which interface is the uplink, by the node's default route, and what leaves by another. */
import { expect, test } from "bun:test";
import type { NodeStatus } from "../../src/ops/status/model.ts";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type TestNode, withNode } from "../support/node.ts";

const { remote, remote6 } = addresses;
const unnamed = { uplink: { egressCapacity: "400M", ingressCapacity: "400M", gsoMaxSize: 9000 } };

/** A card beside the uplink, with a router behind it. */
function secondCard(node: TestNode): void {
  node.run(
    "ip",
    "link",
    "add",
    "name",
    "second",
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    node.lab.wire,
  );
  node.run("ip", "address", "add", "198.18.1.1/24", "dev", "second");
  node.run("ip", "link", "set", "dev", "second", "up");
  mustInNamespace(node.lab.wire, ["ip", "link", "set", "dev", "eth0", "up"]);
}

type Outcome = { uplink: string } | { refused: string };

test.each<[string, string[][], Outcome]>([
  ["the one default route", [], { uplink: "uplink" }],
  [
    "two next hops on one device",
    [
      [
        "ip",
        "route",
        "replace",
        "default",
        "nexthop",
        "via",
        remote,
        "dev",
        "uplink",
        "nexthop",
        "via",
        "198.18.0.3",
        "dev",
        "uplink",
      ],
    ],
    { uplink: "uplink" },
  ],
  [
    "two next hops on two devices",
    [
      [
        "ip",
        "route",
        "replace",
        "default",
        "nexthop",
        "via",
        remote,
        "dev",
        "uplink",
        "nexthop",
        "via",
        "198.18.1.2",
        "dev",
        "second",
      ],
    ],
    { refused: "leads over uplink and second" },
  ],
  [
    "a next hop object",
    [
      ["ip", "nexthop", "add", "id", "7", "via", remote, "dev", "uplink"],
      ["ip", "route", "replace", "default", "nhid", "7"],
    ],
    { uplink: "uplink" },
  ],
  [
    "a group of next hop objects on one device",
    [
      ["ip", "nexthop", "add", "id", "7", "via", remote, "dev", "uplink"],
      ["ip", "nexthop", "add", "id", "8", "via", "198.18.0.3", "dev", "uplink"],
      ["ip", "nexthop", "add", "id", "9", "group", "7/8"],
      ["ip", "route", "replace", "default", "nhid", "9"],
    ],
    { uplink: "uplink" },
  ],
  [
    "a group on two devices, told by its number only",
    [
      ["sysctl", "-qw", "net.ipv4.nexthop_compat_mode=0"],
      ["ip", "nexthop", "add", "id", "7", "via", remote, "dev", "uplink"],
      ["ip", "nexthop", "add", "id", "8", "via", "198.18.1.2", "dev", "second"],
      ["ip", "nexthop", "add", "id", "9", "group", "7/8"],
      ["ip", "route", "replace", "default", "nhid", "9"],
    ],
    { refused: "leads over uplink and second" },
  ],
  [
    "two default routes, the preferred one by the second card",
    [
      ["ip", "route", "del", "default"],
      ["ip", "route", "add", "default", "via", remote, "metric", "200"],
      ["ip", "route", "add", "default", "via", "198.18.1.2", "metric", "100"],
    ],
    { uplink: "second" },
  ],
  [
    "two next hops of IPv6 alone",
    [
      ["ip", "route", "del", "default"],
      ["ip", "-6", "route", "del", "default"],
      [
        "ip",
        "-6",
        "route",
        "add",
        "default",
        "nexthop",
        "via",
        remote6,
        "dev",
        "uplink",
        "nexthop",
        "via",
        "fd00:c612::3",
        "dev",
        "uplink",
      ],
    ],
    { uplink: "uplink" },
  ],
  [
    "none that leads anywhere",
    [
      ["ip", "-6", "route", "del", "default"],
      ["ip", "route", "del", "default"],
      ["ip", "route", "add", "unreachable", "default"],
    ],
    { refused: "no default route" },
  ],
])("without a name: %s", (_, before, expected) =>
  withNode((node) => {
    secondCard(node);
    for (const argv of before) node.run(...argv);
    const added = node.verb("ADD", node.pod("a"), { config: unnamed });
    if ("refused" in expected) {
      expect(added.json).toMatchObject({
        code: 107,
        msg: expect.stringContaining(expected.refused),
      });
      return;
    }
    expect(added.code).toBe(0);
    expect(node.run("tc", "qdisc", "show", "dev", expected.uplink, "root")).toContain("tbf fa00:");
  }),
);

const others = (node: TestNode) =>
  (JSON.parse(node.fairway("status", "--json", "--no-measure").stdout) as NodeStatus).otherExits;

test.each<[string, string[][], string | null]>([
  ["none beside the uplink", [], null],
  [
    "a route by the second card",
    [["ip", "route", "add", "198.18.64.0/24", "via", "198.18.1.2"]],
    "198.18.64.0/24",
  ],
  [
    "a default route over both",
    [
      [
        "ip",
        "route",
        "replace",
        "default",
        "nexthop",
        "via",
        remote,
        "dev",
        "uplink",
        "nexthop",
        "via",
        "198.18.1.2",
        "dev",
        "second",
      ],
    ],
    "default",
  ],
  [
    "a rule that sends pods to a table of their own",
    [
      ["ip", "route", "add", "default", "via", "198.18.1.2", "table", "77"],
      ["ip", "rule", "add", "from", "198.19.1.0/24", "lookup", "77"],
    ],
    "default",
  ],
])("what leaves by another interface is told by doctor and status: %s", (_, routes, destination) =>
  withNode((node) => {
    node.add(node.pod("a"));
    if (destination !== null) secondCard(node);
    for (const argv of routes) node.run(...argv);
    const found = others(node);
    const text = node.fairway("status", "--no-measure").stdout;
    const findings = node.fairway("doctor").stdout;
    if (destination === null) {
      expect(found).toEqual([]);
      expect(text).not.toContain("NOT BY THE UPLINK");
      expect(findings).not.toContain("uplink.others");
      return;
    }
    expect(found).toEqual([
      { dev: "second", destinations: expect.arrayContaining(["198.18.1.0/24", destination]) },
    ]);
    expect(text).toMatch(new RegExp(`NOT BY THE UPLINK: .*${destination}.* leaves by second`));
    expect(findings).toMatch(new RegExp(`WARN +uplink.others .*${destination}.* leaves by second`));
  }),
);
