import { expect, test } from "bun:test";
import type { Tier } from "../../src/config/types.ts";
import type { PodAsks } from "../../src/plan/node.ts";
import { withoutEffect } from "../../src/promise/override.ts";

const gold: Tier = {
  egress: { guaranteeBits: 120e6, limitBits: 200e6, burst: { kind: "time", us: 4_000 } },
  ingress: { guaranteeBits: 50e6 },
};
const terms = { tiers: { gold }, defaultTier: null, policy: null };
const asksWith = (keys: Partial<PodAsks>): PodAsks => ({
  annotations: {},
  bandwidth: null,
  overrides: { "fairway.dev/tier": "gold" },
  ...keys,
});

test.each<[string, Partial<PodAsks>, string[]]>([
  ["nothing", {}, []],
  [
    "its own annotations, though one says what the tier says",
    { annotations: { "fairway.dev/egress-guarantee": "120M", "fairway.dev/egress-burst": "1k" } },
    [
      "tiers.gold.egressGuarantee (120M) has no effect: the pod's own annotation fairway.dev/egress-guarantee=120M goes before a tier",
      "tiers.gold.egressBurst (4ms) has no effect: the pod's own annotation fairway.dev/egress-burst=1k goes before a tier",
    ],
  ],
  [
    "what was set before",
    { overrides: { "fairway.dev/tier": "gold", "fairway.dev/ingress-guarantee": "1M" } },
    [
      "tiers.gold.ingressGuarantee (50M) has no effect: fairway.dev/ingress-guarantee=1M, which was set with `fairway set` (fairway.dev/ingress-guarantee=- takes it back), goes before a tier",
    ],
  ],
  [
    "its bandwidth, with a burst in bits",
    { bandwidth: { egressRateBits: 150e6, egressBurstBits: 80_001 } },
    [
      "tiers.gold.egressLimit (200M) has no effect: the pod's bandwidth, runtimeConfig.bandwidth.egressRate (150M), goes before a tier",
      "tiers.gold.egressBurst (4ms) has no effect: the pod's bandwidth, runtimeConfig.bandwidth.egressBurst (80.001k), goes before a tier",
    ],
  ],
  ["a limit that lowers its guarantee", { annotations: { "fairway.dev/ingress-limit": "9M" } }, []],
])("a tier is without effect where the pod has %s", (_, asks, reasons) => {
  expect(withoutEffect("gold", asksWith(asks), terms)).toEqual(reasons);
});

test("a tier that does not exist gives nothing that could be without effect", () => {
  expect(withoutEffect("toString", asksWith({}), terms)).toEqual([]);
});
