import { expect, test } from "bun:test";
import { bytesOfIp } from "../../src/plan/ip.ts";
import { type OtherRoute, overlapsOf, type Surroundings } from "../../src/plan/overlap.ts";
import { prefixOf } from "../../src/plan/prefix.ts";

const eth0 = 2;
const wg0 = 3;
const linkOf: Surroundings["linkOf"] = (index) =>
  index === wg0 ? { name: "wg0", hasNeighbours: false } : { name: "eth0", hasNeighbours: true };

/** "10.0.0.5/24" on eth0. */
function address(text: string) {
  const [ip = "", length = ""] = text.split("/");
  return {
    index: eth0,
    address: bytesOfIp(ip),
    onLink: { bytes: bytesOfIp(ip), length: Number(length) },
  };
}

function route(
  dst: string,
  gw: string | null,
  index: number | null = eth0,
  type = "unicast",
): OtherRoute {
  const hop = { gw: gw === null ? null : bytesOfIp(gw), oifIndex: index };
  return { dst: prefixOf(dst), type, hops: [hop] };
}

const usual = {
  addresses: [address("10.0.0.5/24")],
  routes: [route("0.0.0.0/0", "10.0.0.1"), route("10.0.0.0/24", null)],
};

test.each<[string, string, Partial<Surroundings>, string[]]>([
  ["a network of its own", "10.244.1.0/24", {}, []],
  [
    "the node's own network",
    "10.0.0.0/24",
    {},
    [
      "conflict: the address 10.0.0.5/24 of interface eth0",
      "conflict: 10.0.0.1, the next hop of the node's route default via 10.0.0.1 dev eth0",
    ],
  ],
  [
    "a part of it without the node or its router",
    "10.0.0.64/26",
    {},
    ["conflict: the address 10.0.0.5/24 of interface eth0"],
  ],
  [
    "one that holds it",
    "10.0.0.0/8",
    {},
    [
      "conflict: the address 10.0.0.5/24 of interface eth0",
      "conflict: 10.0.0.1, the next hop of the node's route default via 10.0.0.1 dev eth0",
    ],
  ],
  [
    "a single address of a service",
    "10.96.0.0/16",
    { addresses: [address("10.96.0.10/32")] },
    ["conflict: the address 10.96.0.10/32 of interface eth0"],
  ],
  [
    "another node's pods",
    "10.244.1.0/24",
    { routes: [route("10.244.1.0/24", "10.0.0.9")] },
    ["conflict: the node's route 10.244.1.0/24 via 10.0.0.9 dev eth0"],
  ],
  [
    "a part of it led elsewhere",
    "10.244.0.0/16",
    { routes: [route("10.244.7.0/24", "10.0.0.9")] },
    ["conflict: the node's route 10.244.7.0/24 via 10.0.0.9 dev eth0"],
  ],
  [
    "a part of it led nowhere",
    "10.244.0.0/16",
    { routes: [route("10.244.7.0/24", null, null, "blackhole")] },
    ["conflict: the node's route blackhole 10.244.7.0/24"],
  ],
  [
    "the company's network around it",
    "10.244.1.0/24",
    { routes: [route("10.0.0.0/8", "10.0.0.1")] },
    ["broader: the node's route 10.0.0.0/8 via 10.0.0.1 dev eth0"],
  ],
  [
    "a hole around it",
    "10.244.1.0/24",
    { routes: [route("10.0.0.0/8", null, null, "unreachable")] },
    ["broader: the node's route unreachable 10.0.0.0/8"],
  ],
  [
    "a VPN around it, which has no neighbours",
    "10.244.1.0/24",
    { routes: [route("10.0.0.0/8", null, wg0)] },
    ["broader: the node's route 10.0.0.0/8 dev wg0"],
  ],
  [
    "neighbours around it",
    "10.244.1.0/24",
    { routes: [route("10.0.0.0/8", null)] },
    ["conflict: the node's route 10.0.0.0/8 dev eth0"],
  ],
  [
    "both halves of a default route",
    "10.244.1.0/24",
    {
      routes: [route("0.0.0.0/1", "10.0.0.1"), route("128.0.0.0/1", "10.0.0.1")],
    },
    [],
  ],
  [
    "one of several next hops",
    "10.0.9.0/24",
    {
      routes: [
        {
          dst: prefixOf("0.0.0.0/0"),
          type: "unicast",
          hops: ["10.0.0.1", "10.0.9.1"].map((gw) => ({ gw: bytesOfIp(gw), oifIndex: eth0 })),
        },
      ],
    },
    [
      "conflict: 10.0.9.1, the next hop of the node's route default via 10.0.0.1 dev eth0, via 10.0.9.1 dev eth0",
    ],
  ],
  [
    "IPv6, the node's own",
    "fd00:1::/64",
    { addresses: [address("fd00:1::5/64")] },
    ["conflict: the address fd00:1::5/64 of interface eth0"],
  ],
  ["IPv6 beside it", "fd00:2::/64", { addresses: [address("fd00:1::5/64")] }, []],
  ["class E, which Linux routes", "240.10.0.0/16", {}, []],
  ...(
    [
      ["127.5.0.0/24", "127.0.0.0/8, which is loopback"],
      ["169.254.0.0/16", "169.254.0.0/16, which is link-local"],
      ["224.1.0.0/24", "224.0.0.0/4, which is multicast"],
      ["0.0.0.0/8", "0.0.0.0/8, which is this host's own network"],
      ["255.255.255.0/24", "255.255.255.255/32, which is the broadcast address"],
      ["fe80::/64", "fe80::/10, which is link-local"],
      ["ff05::/64", "ff00::/8, which is multicast"],
      ["::ffff:10.244.1.0/120", "::/8, which is not for hosts"],
    ] as const
  ).map(([subnet, met]): [string, string, Partial<Surroundings>, string[]] => [
    "none for pods",
    subnet,
    { addresses: [], routes: [] },
    [`conflict: ${met}`],
  ]),
])("%s: %s", (_, subnet, around, expected) => {
  const found = overlapsOf([subnet], { ...usual, linkOf, ...around });
  expect(found.map(({ kind, with: met }) => `${kind}: ${met}`)).toEqual(expected);
});

test("conflicts come before what is only broader, whatever subnet they are of", () => {
  const around = {
    addresses: [],
    routes: [route("10.0.0.0/8", "192.0.2.1"), route("10.2.0.0/24", "192.0.2.1")],
    linkOf,
  };
  expect(
    overlapsOf(["10.1.0.0/24", "10.2.0.0/24"], around).map(({ subnet, kind }) => [subnet, kind]),
  ).toEqual([
    ["10.2.0.0/24", "conflict"],
    ["10.1.0.0/24", "broader"],
    ["10.2.0.0/24", "broader"],
  ]);
});
