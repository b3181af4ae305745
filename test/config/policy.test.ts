import { describe, expect, test } from "bun:test";
import type { Policy, PolicyRules } from "../../src/config/types.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { rulesOf } from "../../src/promise/policy.ts";
import { configWith, errorOf } from "./support.ts";

function policyOf(policy: Record<string, unknown>): Policy {
  const tiers = { high: {}, low: {} };
  const parsed = parseNetworkConfig(configWith({ policy, tiers })).policy;
  if (parsed === null) throw new Error("there is no policy");
  return parsed;
}

const nothing: PolicyRules = {
  annotations: null,
  tiers: null,
  egress: { maxGuaranteeBits: null, maxLimitBits: null, maxBurst: null },
  ingress: { maxGuaranteeBits: null, maxLimitBits: null, maxBurst: null },
  minLatencyTargetUs: null,
};
const at = (place: string, name: string, value: unknown) => ({
  key: `policy.${place}.${name}`,
  value,
});

test("an empty policy rules nothing", () => {
  expect(policyOf({})).toEqual({ default: nothing, namespaces: {} });
});

test("every rule is read, with its place", () => {
  const rules = policyOf({
    default: {
      annotations: ["fairway.dev/tier"],
      tiers: ["low"],
      maxEgressGuarantee: "1M",
      maxIngressGuarantee: 0,
      maxEgressLimit: "3M",
      maxIngressLimit: "4M",
      maxEgressBurst: "5ms",
      maxIngressBurst: "6k",
      minLatencyTarget: "7ms",
    },
  }).default;
  const here = (name: string, value: unknown) => at("default", name, value);
  expect<unknown>(rules).toEqual({
    annotations: here("annotations", ["fairway.dev/tier"]),
    tiers: here("tiers", ["low"]),
    egress: {
      maxGuaranteeBits: here("maxEgressGuarantee", 1e6),
      maxLimitBits: here("maxEgressLimit", 3e6),
      maxBurst: here("maxEgressBurst", { kind: "time", us: 5_000 }),
    },
    ingress: {
      maxGuaranteeBits: here("maxIngressGuarantee", 0),
      maxLimitBits: here("maxIngressLimit", 4e6),
      maxBurst: here("maxIngressBurst", { kind: "size", bytes: 6_000 }),
    },
    minLatencyTargetUs: here("minLatencyTarget", 7_000),
  });
});

describe("a namespace", () => {
  const policy = policyOf({
    default: { tiers: ["low"], maxEgressGuarantee: "1M" },
    namespaces: { shop: { maxEgressGuarantee: "2M", annotations: [] }, constructor: {} },
  });

  test("has its own rules, and the default's where it says nothing", () => {
    expect<unknown>(rulesOf(policy, "shop")).toEqual({
      ...nothing,
      annotations: at("namespaces.shop", "annotations", []),
      tiers: at("default", "tiers", ["low"]),
      egress: {
        ...nothing.egress,
        maxGuaranteeBits: at("namespaces.shop", "maxEgressGuarantee", 2e6),
      },
    });
  });

  test.each([null, "bank", "toString", "__proto__"])("%p has the default's", (namespace) => {
    expect(rulesOf(policy, namespace)).toBe(policy.default);
  });

  test("may be named as all objects' properties are", () => {
    expect(rulesOf(policy, "constructor")).not.toBe(policy.default);
  });
});

describe("what is refused", () => {
  test.each<[string, Record<string, unknown>, string, string]>([
    [
      "an unknown rule",
      { default: { maxGuarantee: "1M" } },
      "policy.default.maxGuarantee: unknown key",
      "maxEgressGuarantee",
    ],
    ["a rule in the wrong place", { tiers: [] }, "policy.tiers: unknown key", '"policy.default"'],
    [
      "an unknown annotation",
      { default: { annotations: ["fairway.dev/teir"] } },
      'policy.default.annotations[0]: "fairway.dev/teir" is not "*" or "fairway.dev/tier" or',
      "",
    ],
    [
      "no rate",
      { namespaces: { shop: { maxEgressLimit: "10Q" } } },
      'policy.namespaces.shop.maxEgressLimit: "10Q" is not a rate',
      "400M",
    ],
    [
      "a pattern for a namespace",
      { namespaces: { "shop-*": {} } },
      'policy.namespaces.shop-*: "shop-*" cannot name a namespace',
      "patterns are not understood",
    ],
    [
      "a list that is none",
      { default: { tiers: "low" } },
      'policy.default.tiers: has to be an array, found "low"',
      "",
    ],
  ])("%s", (_, policy, msg, details) => {
    const error = errorOf(() => policyOf(policy));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
    expect(error.details ?? "").toContain(details);
  });
});
