import { describe, expect, test } from "bun:test";
import type { NetworkConfig } from "../../../src/config/types.ts";
import { hostBits, mustAgree, networkBase } from "../../../src/node/facts/network.ts";
import type { Uplink } from "../../../src/node/facts/uplink.ts";
import type { IngressPlace, NetworkBase } from "../../../src/plan/node.ts";
import { parseNetworkConfig } from "../../../src/promise/network-config.ts";
import { configWith, errorOf } from "../../config/support.ts";
import { networkWith, trees } from "../../plan/samples.ts";

const uplink: Uplink = {
  name: "eth0",
  mtuBytes: 9_000,
  egressCapacityBits: 10e9,
  ingressCapacityBits: 9e9,
  wireBits: 10e9,
  gsoMaxBytes: 65_536,
};

const bridgeOf = (name: string): IngressPlace => ({ kind: "bridge", name, owned: true });

const baseFor = (config: NetworkConfig, found: Uplink): NetworkBase =>
  networkBase(config, found, bridgeOf(config.bridge));

const baseOf = (keys: Record<string, unknown>): NetworkBase =>
  baseFor(parseNetworkConfig(configWith(keys)), uplink);

describe("what a network asks of the base", () => {
  test("is its configuration, and what the node says where that says nothing", () => {
    expect(baseOf({ uplink: { reserve: "5%" } })).toEqual({
      network: "pods",
      ingress: bridgeOf("fw0"),
      mtuBytes: 9_000,
      subnets: ["10.244.1.0/24"],
      gateways: ["10.244.1.1/24"],
      masquerade: baseOf({}).masquerade,
      antiSpoof: true,
      trees: {
        uplink: "eth0",
        egressCapacityBits: 10e9,
        ingressCapacityBits: 9e9,
        egressReserveBits: 500e6,
        ingressReserveBits: 450e6,
        wireBits: 10e9,
        hostGsoMaxBytes: 65_536,
        setsHostGso: false,
        policesHost: true,
        leafKind: "bfifo",
        hostClasses: [],
        overcommit: "reject",
      },
    });
  });

  interface Row {
    title: string;
    keys: Record<string, unknown>;
    base: Partial<NetworkBase>;
  }
  const rows: Row[] = [
    { title: "an MTU of its own", keys: { mtu: 1400 }, base: { mtuBytes: 1400 } },
    { title: "a bridge of its own", keys: { bridge: "br7" }, base: { ingress: bridgeOf("br7") } },
    {
      title: "a gateway of its own",
      keys: { ipam: { subnet: "10.1.0.0/24", gateway: "10.1.0.254" } },
      base: { gateways: ["10.1.0.254/24"] },
    },
    { title: "no masquerade", keys: { ipMasq: false }, base: { masquerade: null } },
    {
      title: "masquerade of its subnet",
      keys: { ipMasq: true },
      base: { masquerade: { subnets: ["10.244.1.0/24"], except: [] } },
    },
    {
      title:
        "masquerade with exceptions, without those that lie in others, a single address without its length",
      keys: {
        ipMasq: true,
        ipMasqExcept: ["198.18.0.0/16", "198.18.5.0/24", "192.0.2.1/32", "198.18.0.0/16"],
      },
      base: { masquerade: { subnets: ["10.244.1.0/24"], except: ["198.18.0.0/16", "192.0.2.1"] } },
    },
    {
      title: "several ranges of one subnet: one subnet, one gateway",
      keys: {
        ipMasq: true,
        ipam: {
          ranges: [
            [
              { subnet: "10.1.0.0/24", rangeStart: "10.1.0.10", rangeEnd: "10.1.0.20" },
              { subnet: "10.1.0.0/24", rangeStart: "10.1.0.30", rangeEnd: "10.1.0.40" },
            ],
          ],
        },
      },
      base: {
        subnets: ["10.1.0.0/24"],
        gateways: ["10.1.0.1/24"],
        masquerade: { subnets: ["10.1.0.0/24"], except: [] },
      },
    },
    {
      title: "two subnets",
      keys: {
        ipMasq: true,
        ipam: { ranges: [[{ subnet: "10.1.0.0/24" }, { subnet: "10.2.0.0/16" }]] },
      },
      base: { subnets: ["10.1.0.0/24", "10.2.0.0/16"], gateways: ["10.1.0.1/24", "10.2.0.1/16"] },
    },
  ];
  for (const { title, keys, base } of rows)
    test(title, () => {
      expect(baseOf(keys)).toMatchObject(base);
    });

  test("a GSO size of the host's own is set, and else is the uplink's", () => {
    expect(baseOf({ uplink: { gsoMaxSize: 16_384 } }).trees).toMatchObject({
      hostGsoMaxBytes: 16_384,
      setsHostGso: true,
    });
    expect(
      baseFor(parseNetworkConfig(configWith({})), { ...uplink, gsoMaxBytes: 4_096 }).trees,
    ).toMatchObject({ hostGsoMaxBytes: 4_096, setsHostGso: false });
  });

  test("the host's own class has the reserve less what is set aside for floors", () => {
    expect(hostBits(baseOf({ uplink: { reserve: "100M" } }))).toBe(100e6 - 256 * 8_000);
  });
});

describe("two networks of a node", () => {
  const one = networkWith();
  const other = networkWith({
    network: "more",
    subnets: ["10.2.0.0/24"],
    gateways: ["10.2.0.1/24"],
  });

  test.each<[string, Partial<NetworkBase>]>([
    ["subnets of their own", {}],
    ["an MTU of its own", { mtuBytes: 9_000 }],
    ["masquerade in one", { masquerade: { subnets: ["10.2.0.0/24"], except: [] } }],
    [
      "what was found on the node, at another time",
      { trees: { ...trees, wireBits: 2e9, hostGsoMaxBytes: 4_096 } },
    ],
  ])("may have %s", (_, keys) => {
    expect(() => mustAgree(one, { ...other, ...keys })).not.toThrow();
    expect(() => mustAgree({ ...other, ...keys }, one)).not.toThrow();
  });

  const disagreements: [string, Partial<NetworkBase>, string][] = [
    ["bridge", { ingress: bridgeOf("br7") }, "bridge is fw0 in pods and br7 in more"],
    [
      "way in which pods are chained",
      { ingress: { kind: "ifb", name: "fwifb" } },
      "bridge is fw0 in pods and none: the IFB fwifb (chained, routed) in more",
    ],
    [
      "owner of the bridge",
      { ingress: { kind: "bridge", name: "fw0", owned: false } },
      "bridge is fw0 in pods and another plugin's fw0 (chained) in more",
    ],
    [
      "uplink",
      { trees: { ...trees, uplink: "eth1" } },
      "uplink.name is eth0 in pods and eth1 in more",
    ],
    [
      "egress capacity",
      { trees: { ...trees, egressCapacityBits: 2e9 } },
      "uplink.egressCapacity is 1G in pods and 2G in more",
    ],
    [
      "ingress capacity",
      { trees: { ...trees, ingressCapacityBits: 2e9 } },
      "uplink.ingressCapacity is 900M in pods and 2G in more",
    ],
    [
      "egress reserve",
      { trees: { ...trees, egressReserveBits: 0 } },
      "uplink.reserve is 50M on egress, 45M on ingress in pods and 0 on egress, 45M on ingress in more",
    ],
    [
      "ingress reserve",
      { trees: { ...trees, ingressReserveBits: 0 } },
      "and 50M on egress, 0 on ingress in more",
    ],
    [
      "police",
      { trees: { ...trees, policesHost: false } },
      "uplink.policeHost is true in pods and false in more",
    ],
    [
      "way with what does not fit",
      { trees: { ...trees, overcommit: "scale" } },
      "overcommit is reject in pods and scale in more",
    ],
    [
      "host classes",
      { trees: { ...trees, hostClasses: [{ name: "k", ports: [1], egressGuaranteeBits: 1_000 }] } },
      'hostClasses is [] in pods and [{"name":"k","ports":[1],"egressGuaranteeBits":1000}] in more',
    ],
    [
      "host's GSO size",
      { trees: { ...trees, setsHostGso: true } },
      "uplink.gsoMaxSize is not set in pods and 65536 in more",
    ],
    [
      "bridge and uplink, both told at once",
      { ingress: bridgeOf("br7"), trees: { ...trees, uplink: "eth1" } },
      "bridge is fw0 in pods and br7 in more; uplink.name is eth0 in pods and eth1 in more",
    ],
  ];
  for (const [title, keys, says] of disagreements)
    test(`must agree on the ${title}`, () => {
      const error = errorOf(() => mustAgree(one, { ...other, ...keys }));
      expect(error.kind).toBe("badConfig");
      expect(error.message).toContain(says);
      expect(error.details).toContain("give both conflists the same settings");
    });

  test.each([
    ["the same", "10.1.0.0/24"],
    ["a larger one", "10.0.0.0/8"],
    ["a smaller one", "10.1.0.128/25"],
  ])("share no addresses: %s", (_, subnet) => {
    const error = errorOf(() => mustAgree(one, { ...other, subnets: ["10.2.0.0/24", subnet] }));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toContain(
      `subnet 10.1.0.0/24 of network pods overlaps ${subnet} of network more`,
    );
  });
});
