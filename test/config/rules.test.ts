import { describe, expect, test } from "bun:test";
import { parseNetworkConfig, rules, tierRules } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

interface Row {
  breaks: Record<string, unknown>;
  msg: string;
  /** As near as can be to what breaks the rule. */
  keeps: Record<string, unknown>;
}

const tier = (high: Record<string, unknown>) => ({ tiers: { high } });

const rows: Record<string, Row[]> = {
  guaranteeWithinLimit: [
    {
      breaks: tier({ egressGuarantee: "1000001", egressLimit: "1M" }),
      msg: "tiers.high.egressGuarantee: 1.000001M is above egressLimit (1M)",
      keeps: tier({ egressGuarantee: "1M", egressLimit: "1M" }),
    },
    {
      breaks: tier({ ingressGuarantee: "2G", ingressLimit: "1G" }),
      msg: "tiers.high.ingressGuarantee: 2G is above ingressLimit (1G)",
      keeps: tier({ ingressGuarantee: "1G", ingressLimit: "2G", egressLimit: "1k" }),
    },
  ],
  latencyNeedsGuarantee: [
    {
      breaks: tier({ latencyTarget: "1ms" }),
      msg: "tiers.high.latencyTarget: a latency target needs an egress guarantee",
      keeps: tier({ latencyTarget: "1ms", egressGuarantee: "1M" }),
    },
    {
      breaks: tier({ latencyTarget: "1ms", egressGuarantee: 0, ingressGuarantee: "1M" }),
      msg: "tiers.high.latencyTarget: a latency target needs an egress guarantee",
      keeps: tier({ latencyTarget: "1ms", egressGuarantee: "1k" }),
    },
  ],
  latencyLimitIsGuarantee: [
    {
      breaks: tier({ latencyTarget: "1ms", egressGuarantee: "1M", egressLimit: "1000001" }),
      msg: "tiers.high.egressLimit: with a latency target the limit is the guarantee: 1.000001M is above egressGuarantee (1M)",
      keeps: tier({ latencyTarget: "1ms", egressGuarantee: "1M", egressLimit: "1M" }),
    },
    {
      breaks: tier({
        latencyTarget: "1ms",
        egressGuarantee: "1M",
        ingressGuarantee: "1M",
        ingressLimit: "2M",
      }),
      msg: "tiers.high.ingressLimit: with a latency target the limit is the guarantee",
      keeps: tier({ latencyTarget: "1ms", egressGuarantee: "1M", ingressLimit: "2M" }),
    },
  ],
  burstCanBeHeld: [
    {
      breaks: tier({ egressBurst: "4ms" }),
      msg: "tiers.high.egressBurst: 4ms is a time, and there is neither a limit nor a guarantee",
      keeps: tier({ egressBurst: "4ms", egressGuarantee: "1k" }),
    },
    {
      breaks: tier({ ingressBurst: "34360", ingressLimit: "1k" }),
      msg: "tiers.high.ingressBurst: 34360 bytes is more than the kernel can hold at 1k: 34359 bytes",
      keeps: tier({ ingressBurst: "34359", ingressLimit: "1k" }),
    },
    {
      breaks: tier({ egressBurst: "5s", egressLimit: "8G", egressGuarantee: "1k" }),
      msg: "tiers.high.egressBurst: 5s (5000000000 bytes) is more than the kernel can hold at 8G: 4294967295 bytes",
      keeps: tier({ egressBurst: "4294ms", egressLimit: "8G", egressGuarantee: "1k" }),
    },
    {
      // With a latency target the limit is the guarantee, however small that is.
      breaks: tier({ egressBurst: "34360", egressGuarantee: "1k", latencyTarget: "1ms" }),
      msg: "tiers.high.egressBurst: 34360 bytes is more than the kernel can hold at 1k: 34359 bytes",
      keeps: tier({ egressBurst: "34360", egressGuarantee: "1k" }),
    },
  ],
  defaultTierExists: [
    {
      breaks: { ...tier({}), defaultTier: "hihg" },
      msg: 'defaultTier: "hihg" is not in tiers',
      keeps: { ...tier({}), defaultTier: "high" },
    },
    {
      breaks: { defaultTier: "constructor" },
      msg: 'defaultTier: "constructor" is not in tiers',
      keeps: { tiers: { constructor: {} }, defaultTier: "constructor" },
    },
  ],
  reserveLeavesCapacity: [
    {
      breaks: { uplink: { egressCapacity: "1G", reserve: "1G" } },
      msg: "uplink.reserve: 1G leaves nothing of egressCapacity (1G)",
      keeps: { uplink: { egressCapacity: "1G", reserve: "999999999" } },
    },
    {
      breaks: { uplink: { egressCapacity: "9G", ingressCapacity: "1G", reserve: "2G" } },
      msg: "uplink.reserve: 2G leaves nothing of ingressCapacity (1G)",
      keeps: { uplink: { reserve: "2G" } },
    },
  ],
  bridgeIsNotUplink: [
    {
      breaks: { bridge: "eth0", uplink: { name: "eth0" } },
      msg: 'bridge: "eth0" is the uplink too',
      keeps: { bridge: "eth1", uplink: { name: "eth0" } },
    },
  ],
  mtuFitsIpv6: [
    {
      breaks: { mtu: 1279, ipam: { subnet: "fd00:1::/64" } },
      msg: "mtu: 1279 is below 1280, which IPv6 needs, and pods get addresses of fd00:1::/64",
      keeps: { mtu: 1280, ipam: { subnet: "fd00:1::/64" } },
    },
    {
      breaks: {
        mtu: 576,
        ipam: { ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:1::/64" }]] },
      },
      msg: "mtu: 576 is below 1280",
      keeps: { mtu: 576 },
    },
  ],
  policyTiersExist: [
    {
      breaks: { ...tier({}), policy: { default: { tiers: ["high", "hihg"] } } },
      msg: 'policy.default.tiers[1]: there is no tier "hihg"',
      keeps: { ...tier({}), policy: { default: { tiers: ["high", "*"] } } },
    },
    {
      breaks: { policy: { namespaces: { shop: { tiers: ["toString"] } } } },
      msg: 'policy.namespaces.shop.tiers[0]: there is no tier "toString"',
      keeps: { policy: { namespaces: { shop: { tiers: [] } } } },
    },
    {
      // Two namespaces inherit what is told once.
      breaks: { policy: { default: { tiers: ["low"] }, namespaces: { a: {}, b: {} } } },
      msg: 'policy.default.tiers[0]: there is no tier "low"',
      keeps: { policy: { default: {}, namespaces: { a: {}, b: {} } } },
    },
  ],
  policyGuaranteeWithinLimit: [
    {
      breaks: { policy: { default: { maxEgressGuarantee: "1000001", maxEgressLimit: "1M" } } },
      msg: "policy.default.maxEgressGuarantee: 1.000001M is above policy.default.maxEgressLimit (1M)",
      keeps: { policy: { default: { maxEgressGuarantee: "1M", maxEgressLimit: "1M" } } },
    },
    {
      breaks: {
        policy: {
          default: { maxIngressLimit: "1M" },
          namespaces: { shop: { maxIngressGuarantee: "2M" } },
        },
      },
      msg: "policy.namespaces.shop.maxIngressGuarantee: 2M is above policy.default.maxIngressLimit (1M)",
      keeps: {
        policy: {
          default: { maxIngressLimit: "1M" },
          namespaces: { shop: { maxIngressGuarantee: "2M", maxIngressLimit: "2M" } },
        },
      },
    },
  ],
  policyFitsItsTiers: [
    {
      breaks: {
        ...tier({ egressGuarantee: "2M" }),
        policy: { default: { tiers: ["high"], maxEgressGuarantee: "1M" } },
      },
      msg: "policy.default.maxEgressGuarantee: at most 1M, and tier high has an egress guarantee of 2M, and policy.default.tiers allows it",
      keeps: {
        ...tier({ egressGuarantee: "2M" }),
        policy: { default: { tiers: ["*"], maxEgressGuarantee: "1M" } },
      },
    },
    {
      breaks: {
        ...tier({ ingressLimit: "2M" }),
        defaultTier: "high",
        policy: { namespaces: { shop: { maxIngressLimit: "1M" } } },
      },
      msg: "policy.namespaces.shop.maxIngressLimit: at most 1M, and tier high has an ingress limit of 2M, and it is the defaultTier",
      keeps: {
        ...tier({ ingressLimit: "2M" }),
        defaultTier: "high",
        policy: { namespaces: { shop: { maxIngressLimit: "2M" } } },
      },
    },
    {
      breaks: {
        ...tier({ egressGuarantee: "1M", latencyTarget: "999us" }),
        policy: { default: { minLatencyTarget: "1ms" }, namespaces: { shop: { tiers: ["high"] } } },
      },
      msg: "policy.default.minLatencyTarget: at least 1ms, and tier high has a latency target of 999us, and policy.namespaces.shop.tiers allows it",
      keeps: {
        ...tier({ egressGuarantee: "1M", latencyTarget: "1ms" }),
        policy: { default: { minLatencyTarget: "1ms" }, namespaces: { shop: { tiers: ["high"] } } },
      },
    },
    {
      breaks: {
        ...tier({ egressLimit: "8M", egressBurst: "10ms" }),
        policy: { default: { tiers: ["high"], maxEgressBurst: "9ms" } },
      },
      msg: "policy.default.maxEgressBurst: at most 9ms, and tier high has an egress burst of 10000 bytes",
      keeps: {
        ...tier({ egressLimit: "8M", egressBurst: "10ms" }),
        policy: { default: { tiers: ["high"], maxEgressBurst: "10000" } },
      },
    },
  ],
};

describe("rules across keys", () => {
  test("every rule has its rows", () => {
    const { tiersCanBePromised: _, ...others } = rules;
    expect(Object.keys(rows)).toEqual([...tierRules, ...Object.keys(others)]);
  });

  const table = Object.entries(rows).flatMap(([name, each]) =>
    each.map((row): [string, Row] => [name, row]),
  );
  test.each(table)("%s", (_, { breaks, msg, keeps }) => {
    const error = errorOf(() => parseNetworkConfig(configWith(breaks)));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
    expect(error.details?.length).toBeGreaterThan(10);
    expect(() => parseNetworkConfig(configWith(keeps))).not.toThrow();
  });

  test("the nearest tier is named", () => {
    const keys = { ...tier({}), defaultTier: "hihg" };
    expect(errorOf(() => parseNetworkConfig(configWith(keys))).details).toBe(
      'Did you mean "high"? Known: high.',
    );
  });
});
