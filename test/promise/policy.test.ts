import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BandwidthCapability, Tier } from "../../src/config/types.ts";
import { directions } from "../../src/plan/node.ts";
import { promiseOf } from "../../src/promise/ask.ts";
import { type PolicyAsk, policyBreaches, policyRefusal } from "../../src/promise/policy.ts";
import { rulesWith } from "../config/support.ts";

const tiers: Record<string, Tier> = {
  high: { egress: { guaranteeBits: 500e6 }, ingress: {}, latencyTargetUs: 500 },
  medium: { egress: { guaranteeBits: 100e6 }, ingress: { guaranteeBits: 100e6 } },
  usual: { egress: {}, ingress: {} },
  guaranteed: { egress: { guaranteeBits: 1e6 }, ingress: {} },
};

interface Given {
  rules: Record<string, unknown>;
  annotations?: Record<string, string>;
  bandwidth?: BandwidthCapability;
}

/** As promise/ask.ts puts it together; the rules' tiers are checked where the configuration is. */
function askOf({ rules, annotations = {}, bandwidth }: Given): PolicyAsk {
  const { tiers: named, ...others } = rules;
  const parsed = rulesWith(others);
  const ruled = {
    ...parsed,
    tiers: named === undefined ? null : { key: "policy.default.tiers", value: named as string[] },
  };
  const asks = { annotations, bandwidth: bandwidth ?? null };
  const promise = promiseOf({ ...asks, tiers, defaultTier: "usual", rules: ruled });
  return { ...asks, holder: "shop/cart", rules: ruled, defaultTier: "usual", promise };
}

const fairway = (keys: Record<string, string>) =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`fairway.dev/${key}`, value]));

describe("allowed", () => {
  test.each<[string, Given]>([
    ["a pod that asks for nothing, under the strictest", { rules: { annotations: [], tiers: [] } }],
    [
      "an annotation that is named",
      { rules: { annotations: ["fairway.dev/tier"] }, annotations: fairway({ tier: "medium" }) },
    ],
    ["all annotations", { rules: { annotations: ["*"] }, annotations: fairway({ tier: "high" }) }],
    [
      "annotations that are nobody's here",
      { rules: { annotations: [] }, annotations: { "example.com/tier": "high" } },
    ],
    [
      "Cilium's annotation where it picks nothing",
      { rules: { annotations: [] }, annotations: { "bandwidth.cilium.io/priority": "burstable" } },
    ],
    [
      "a tier that is named",
      { rules: { tiers: ["high"] }, annotations: fairway({ tier: "high" }) },
    ],
    ["the default tier", { rules: { tiers: [] }, annotations: fairway({ tier: "usual" }) }],
    ["all tiers", { rules: { tiers: ["*"] }, annotations: fairway({ tier: "high" }) }],
    [
      "as much as is allowed",
      {
        rules: {
          maxEgressGuarantee: "100M",
          maxIngressGuarantee: "100M",
          maxEgressLimit: "200M",
          maxEgressBurst: "10ms",
          minLatencyTarget: "2ms",
        },
        annotations: fairway({
          "egress-guarantee": "100M",
          "ingress-guarantee": "100M",
          "egress-burst": "125000",
          "latency-target": "2ms",
        }),
      },
    ],
    [
      "the capability that comes from an annotation that is named",
      {
        rules: { annotations: ["kubernetes.io/egress-bandwidth"] },
        annotations: { "kubernetes.io/egress-bandwidth": "1M" },
        bandwidth: { egressRateBits: 1e6 },
      },
    ],
  ])("%s", (_, given) => {
    expect(policyRefusal(askOf(given))).toBeNull();
  });
});

describe("refused, naming the rule", () => {
  test.each<[string, Given, string[]]>([
    [
      "an annotation that is not named",
      {
        rules: { annotations: ["fairway.dev/tier"] },
        annotations: fairway({ "egress-guarantee": "1M" }),
      },
      [
        "the annotation fairway.dev/egress-guarantee (policy.default.annotations allows fairway.dev/tier)",
      ],
    ],
    [
      "the capability of an annotation that is not named, once",
      {
        rules: { annotations: [] },
        annotations: { "kubernetes.io/ingress-bandwidth": "1M" },
        bandwidth: { ingressRateBits: 1e6 },
      },
      ["the annotation kubernetes.io/ingress-bandwidth (policy.default.annotations allows none)"],
    ],
    [
      "the capability alone",
      { rules: { annotations: [] }, bandwidth: { egressRateBits: 1e6 } },
      [
        "runtimeConfig.bandwidth.egressRate, which is kubernetes.io/egress-bandwidth, (policy.default.annotations allows none)",
      ],
    ],
    [
      "Cilium's annotation where it picked a tier",
      { rules: { annotations: [] }, annotations: { "bandwidth.cilium.io/priority": "guaranteed" } },
      ["the annotation bandwidth.cilium.io/priority (policy.default.annotations allows none)"],
    ],
    [
      "a tier",
      { rules: { tiers: ["medium"] }, annotations: fairway({ tier: "high" }) },
      ["tier high (policy.default.tiers allows medium, usual)"],
    ],
    [
      "a tier by Cilium's annotation",
      { rules: { tiers: [] }, annotations: { "bandwidth.cilium.io/priority": "guaranteed" } },
      ["tier guaranteed (policy.default.tiers allows usual)"],
    ],
    [
      "a guarantee of its own",
      {
        rules: { maxEgressGuarantee: "100M" },
        annotations: fairway({ "egress-guarantee": "100000001" }),
      },
      [
        "an egress guarantee of 100.000001M (policy.default.maxEgressGuarantee allows at most 100M)",
      ],
    ],
    [
      "a guarantee of its tier's",
      { rules: { maxIngressGuarantee: 0 }, annotations: fairway({ tier: "medium" }) },
      ["an ingress guarantee of 100M (policy.default.maxIngressGuarantee allows at most 0)"],
    ],
    [
      "a limit",
      { rules: { maxIngressLimit: "1M" }, annotations: fairway({ "ingress-limit": "2M" }) },
      ["an ingress limit of 2M (policy.default.maxIngressLimit allows at most 1M)"],
    ],
    [
      "a guarantee above the largest limit",
      { rules: { maxEgressLimit: "1M" }, annotations: fairway({ "egress-guarantee": "2M" }) },
      ["an egress guarantee of 2M (policy.default.maxEgressLimit allows at most 1M)"],
    ],
    [
      "a burst, as a time of the same rate",
      {
        rules: { maxEgressBurst: "4ms" },
        annotations: fairway({ "egress-limit": "8M", "egress-burst": "4001" }),
      },
      ["an egress burst of 4001 bytes (policy.default.maxEgressBurst allows at most 4ms)"],
    ],
    [
      "a burst without a rate that the largest could be a time of",
      { rules: { maxIngressBurst: "4ms" }, annotations: fairway({ "ingress-burst": "1" }) },
      [
        "an ingress burst of 1 bytes, with neither a limit nor a guarantee, (policy.default.maxIngressBurst allows at most 4ms)",
      ],
    ],
    [
      "a latency target",
      { rules: { minLatencyTarget: "1ms" }, annotations: fairway({ tier: "high" }) },
      ["a latency target of 500us (policy.default.minLatencyTarget allows at least 1ms)"],
    ],
    [
      "all at once",
      {
        rules: { tiers: [], annotations: [], maxEgressGuarantee: "1M" },
        annotations: fairway({ tier: "medium" }),
      },
      [
        "the annotation fairway.dev/tier (policy.default.annotations allows none)",
        "tier medium (policy.default.tiers allows usual)",
        "an egress guarantee of 100M (policy.default.maxEgressGuarantee allows at most 1M)",
      ],
    ],
  ])("%s", (_, given, each) => {
    const error = policyRefusal(askOf(given));
    expect(error?.code).toBe(112);
    expect(error?.message).toBe(
      `shop/cart asks for what the operator's policy does not allow: ${each.join("; ")}`,
    );
    expect(error?.details).toContain("policy");
  });
});

describe("the largest limit is the limit of pods without one", () => {
  const rules = { maxEgressLimit: "50M" };

  test("and said so", () => {
    const { promise } = askOf({ rules });
    expect(promise.egress.limitBits).toBe(50e6);
    expect(promise.ingress.limitBits).toBeNull();
    expect(promise.notes).toEqual([
      "policy.default.maxEgressLimit (50M) is the egress limit of pods without one",
    ]);
  });

  test("and what a burst is a time of", () => {
    const { promise } = askOf({ rules, annotations: fairway({ "egress-burst": "4ms" }) });
    expect(promise.egress.burstBytes).toBe(25_000);
  });

  test("but with a latency target the limit is the guarantee", () => {
    const annotations = fairway({ "egress-guarantee": "1M", "latency-target": "2ms" });
    expect(askOf({ rules, annotations }).promise.egress.limitBits).toBe(1e6);
  });
});

test("whatever is asked: what is not refused stays within the rules", () => {
  const rate = fc.integer({ min: 1, max: 20 }).map((n) => `${n}M`);
  const asked = fc.record(
    {
      "fairway.dev/egress-guarantee": rate,
      "fairway.dev/ingress-guarantee": rate,
      "fairway.dev/egress-limit": fc.constantFrom("20M", "30M"),
      "kubernetes.io/ingress-bandwidth": fc.constantFrom("20M", "30M"),
    },
    { requiredKeys: [] },
  );
  const rules = fc.record({
    maxEgressGuarantee: rate,
    maxIngressGuarantee: rate,
    maxEgressLimit: fc.constantFrom("20M", "25M"),
    maxIngressLimit: fc.constantFrom("20M", "25M"),
  });
  fc.assert(
    fc.property(asked, rules, (annotations, ruled) => {
      const ask = askOf({ rules: ruled, annotations });
      const within = directions.every((direction) => {
        const { maxGuaranteeBits, maxLimitBits } = ask.rules[direction];
        const { guaranteeBits, limitBits } = ask.promise[direction];
        return (
          guaranteeBits <= (maxGuaranteeBits?.value ?? 0) &&
          limitBits !== null &&
          limitBits <= (maxLimitBits?.value ?? 0)
        );
      });
      expect(policyBreaches(ask).length === 0).toBe(within);
    }),
    { numRuns: 500 },
  );
});
