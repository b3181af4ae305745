import { describe, expect, test } from "bun:test";
import type { BandwidthCapability, Tier } from "../../src/config/types.ts";
import type { DirectionPromise, PodPromise } from "../../src/plan/node.ts";
import { promiseOf } from "../../src/promise/ask.ts";
import { errorOf } from "../config/support.ts";

const high: Tier = {
  egress: { guaranteeBits: 500e6 },
  ingress: { guaranteeBits: 400e6 },
  latencyTargetUs: 1_000,
};
const medium: Tier = {
  egress: { guaranteeBits: 100e6, limitBits: 200e6, burst: { kind: "size", bytes: 50_000 } },
  ingress: { guaranteeBits: 100e6 },
};
const tiers: Record<string, Tier> = { high, medium, "best-effort": { egress: {}, ingress: {} } };

interface Given {
  annotations?: Record<string, string>;
  bandwidth?: BandwidthCapability;
  defaultTier?: string;
}

function ask({ annotations = {}, bandwidth, defaultTier }: Given): PodPromise {
  return promiseOf({
    annotations,
    bandwidth: bandwidth ?? null,
    tiers,
    defaultTier: defaultTier ?? null,
    rules: null,
  });
}

const bestEffort: DirectionPromise = { guaranteeBits: 0, limitBits: null, burstBytes: null };
const nothing: PodPromise = {
  egress: bestEffort,
  ingress: bestEffort,
  latencyTargetUs: null,
  tier: null,
  notes: [],
};
const fairway = (keys: Record<string, string>) =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`fairway.dev/${key}`, value]));
const kubernetes = (keys: Record<string, string>) =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`kubernetes.io/${key}`, value]));

describe("what a pod is promised", () => {
  test.each<[string, Given, Partial<PodPromise>]>([
    ["nothing asked", {}, {}],
    ["foreign annotations only", { annotations: { "example.com/tier": "x", fairway: "y" } }, {}],
    [
      "its guarantees",
      { annotations: fairway({ "egress-guarantee": "400M", "ingress-guarantee": "1.5G" }) },
      {
        egress: { ...bestEffort, guaranteeBits: 400e6 },
        ingress: { ...bestEffort, guaranteeBits: 1.5e9 },
      },
    ],
    [
      "a guarantee of 0 is best effort",
      { annotations: fairway({ "egress-guarantee": "0" }), defaultTier: "medium" },
      {
        egress: { guaranteeBits: 0, limitBits: 200e6, burstBytes: 50_000 },
        ingress: { ...bestEffort, guaranteeBits: 100e6 },
        tier: "medium",
      },
    ],
    [
      "the bandwidth capability, in one direction",
      { bandwidth: { ingressRateBits: 5e6 } },
      { ingress: { ...bestEffort, limitBits: 5e6 } },
    ],
    [
      "its burst, in bytes, rounded up",
      { bandwidth: { egressRateBits: 5e6, egressBurstBits: 80_001 } },
      { egress: { guaranteeBits: 0, limitBits: 5e6, burstBytes: 10_001 } },
    ],
    [
      "the default tier",
      { defaultTier: "medium" },
      {
        egress: { guaranteeBits: 100e6, limitBits: 200e6, burstBytes: 50_000 },
        ingress: { ...bestEffort, guaranteeBits: 100e6 },
        tier: "medium",
      },
    ],
    [
      "its tier, and nothing of the default one",
      { annotations: fairway({ tier: "best-effort" }), defaultTier: "medium" },
      { tier: "best-effort" },
    ],
    [
      "single fields over its tier's",
      {
        annotations: fairway({ tier: "medium", "egress-limit": "150M", "ingress-guarantee": "1M" }),
        bandwidth: { egressRateBits: 150e6, egressBurstBits: 8_000 },
      },
      {
        egress: { guaranteeBits: 100e6, limitBits: 150e6, burstBytes: 1_000 },
        ingress: { ...bestEffort, guaranteeBits: 1e6 },
        tier: "medium",
      },
    ],
    [
      "a burst of its own, as a time of its limit",
      { annotations: fairway({ "egress-burst": "4ms", "egress-limit": "150M" }) },
      { egress: { guaranteeBits: 0, limitBits: 150e6, burstBytes: 75_000 } },
    ],
    [
      "a burst as a time of its guarantee, where it has no limit",
      { annotations: fairway({ "ingress-burst": "4ms", "ingress-guarantee": "200M" }) },
      { ingress: { guaranteeBits: 200e6, limitBits: null, burstBytes: 100_000 } },
    ],
    [
      "a burst in bytes, with no rate",
      { annotations: fairway({ "egress-burst": "64Ki" }) },
      { egress: { ...bestEffort, burstBytes: 65_536 } },
    ],
    [
      "an equal limit from annotation and capability is one",
      {
        annotations: kubernetes({ "egress-bandwidth": "10M" }),
        bandwidth: { egressRateBits: 10e6 },
      },
      { egress: { ...bestEffort, limitBits: 10e6 } },
    ],
  ])("%s", (_, given, expected) => {
    expect(ask(given)).toEqual({ ...nothing, ...expected });
  });
});

describe("what is passed over", () => {
  test("is the whole default tier, for a pod that picks one", () => {
    const picked = ask({ annotations: fairway({ tier: "high" }), defaultTier: "medium" });
    expect(picked.egress.burstBytes).toBeNull();
  });

  test("and differs is noted", () => {
    const given = {
      annotations: {
        ...fairway({ "egress-limit": "150M" }),
        ...kubernetes({ "egress-bandwidth": "160M" }),
      },
      bandwidth: { egressRateBits: 150e6 },
    };
    expect(ask(given).notes).toEqual([
      "fairway.dev/egress-limit (150M) goes before kubernetes.io/egress-bandwidth (160M)",
    ]);
  });
});

describe("Cilium's priority", () => {
  const key = "bandwidth.cilium.io/priority";
  const burstable: Tier = { egress: { guaranteeBits: 1e6 }, ingress: {} };
  const withTiers = (annotations: Record<string, string>, names: string[]): PodPromise =>
    promiseOf({
      annotations,
      bandwidth: null,
      tiers: {
        usual: { egress: {}, ingress: {} },
        ...Object.fromEntries(names.map((name) => [name, burstable])),
      },
      defaultTier: "usual",
      rules: null,
    });

  test.each(["guaranteed", "burstable", "bestEffort"])("%s is the tier of that name", (name) => {
    const promise = withTiers({ [key]: name }, [name]);
    expect(promise).toMatchObject({ tier: name, egress: { guaranteeBits: 1e6 }, notes: [] });
  });

  test.each<[string, Record<string, string>, string[], string, string]>([
    [
      "a name that no tier has",
      { [key]: "guaranteed" },
      ["burstable"],
      "usual",
      `${key} (guaranteed) is left aside: there is no tier of that name`,
    ],
    [
      "a value that is not Cilium's, though a tier has that name",
      { [key]: "high" },
      ["high"],
      "usual",
      `${key} (high) is left aside: its values are guaranteed, burstable, bestEffort`,
    ],
    [
      "a name that all objects have",
      { [key]: "constructor" },
      [],
      "usual",
      `${key} (constructor) is left aside: its values are guaranteed, burstable, bestEffort`,
    ],
    [
      "beside a tier of ours that differs",
      { [key]: "burstable", "fairway.dev/tier": "gold" },
      ["burstable", "gold"],
      "gold",
      `fairway.dev/tier (gold) goes before ${key} (burstable)`,
    ],
  ])("is left aside, and said so: %s", (_, annotations, names, tier, note) => {
    expect(withTiers(annotations, names)).toMatchObject({ tier, notes: [note] });
  });

  test("beside the same tier of ours there is nothing to say", () => {
    const annotations = { [key]: "burstable", "fairway.dev/tier": "burstable" };
    expect(withTiers(annotations, ["burstable"]).notes).toEqual([]);
  });
});

describe("a limit below a guarantee", () => {
  test.each<[string, Given, string]>([
    [
      "an annotated one",
      { annotations: fairway({ tier: "medium", "egress-limit": "50M" }) },
      "fairway.dev/egress-limit (50M)",
    ],
    [
      "Kubernetes'",
      {
        annotations: {
          ...kubernetes({ "egress-bandwidth": "50M" }),
          ...fairway({ tier: "medium" }),
        },
      },
      "kubernetes.io/egress-bandwidth (50M)",
    ],
    [
      "the capability's",
      { bandwidth: { egressRateBits: 50e6 }, defaultTier: "medium" },
      "runtimeConfig.bandwidth.egressRate (50M)",
    ],
  ])("%s lowers the tier's guarantee, and says so", (_, given, named) => {
    const { egress, ingress, notes } = ask(given);
    expect(egress).toEqual({ guaranteeBits: 50e6, limitBits: 50e6, burstBytes: 50_000 });
    expect(ingress.guaranteeBits).toBe(100e6);
    expect(notes).toEqual([`tiers.medium.egressGuarantee (100M) is lowered to ${named}`]);
  });

  test.each<[string, Given, string]>([
    [
      "both annotated",
      { annotations: fairway({ "egress-guarantee": "2M", "egress-limit": "1M" }) },
      "fairway.dev/egress-limit (1M)",
    ],
    [
      "the limit from the capability",
      { annotations: fairway({ "egress-guarantee": "2M" }), bandwidth: { egressRateBits: 1e6 } },
      "runtimeConfig.bandwidth.egressRate (1M)",
    ],
  ])("an annotated guarantee is an error: %s", (_, given, named) => {
    const error = errorOf(() => ask(given));
    expect(error.code).toBe(7);
    expect(error.message).toBe(`fairway.dev/egress-guarantee: 2M is above the limit, ${named}`);
  });

  test("an annotated guarantee above its tier's limit is an error", () => {
    const annotations = fairway({ tier: "medium", "egress-guarantee": "300M" });
    expect(() => ask({ annotations })).toThrow(
      "fairway.dev/egress-guarantee: 300M is above the limit, tiers.medium.egressLimit (200M)",
    );
  });

  test("an equal limit is neither", () => {
    const annotations = fairway({ "ingress-guarantee": "2M", "ingress-limit": "2M" });
    const { ingress, notes } = ask({ annotations });
    expect(ingress).toEqual({ guaranteeBits: 2e6, limitBits: 2e6, burstBytes: null });
    expect(notes).toEqual([]);
  });
});

describe("a latency target", () => {
  test("makes the limit equal to the guarantee, and says so", () => {
    const promise = ask({ annotations: fairway({ tier: "high" }) });
    expect(promise).toEqual({
      egress: { guaranteeBits: 500e6, limitBits: 500e6, burstBytes: null },
      ingress: { guaranteeBits: 400e6, limitBits: 400e6, burstBytes: null },
      latencyTargetUs: 1_000,
      tier: "high",
      notes: [
        "the egress limit is the guarantee (500M), because of tiers.high.latencyTarget",
        "the ingress limit is the guarantee (400M), because of tiers.high.latencyTarget",
      ],
    });
  });

  test("leaves a direction without a guarantee at best effort", () => {
    const annotations = fairway({
      "latency-target": "500us",
      "egress-guarantee": "10M",
      "egress-limit": "10M",
      "ingress-limit": "50M",
    });
    expect(ask({ annotations })).toEqual({
      ...nothing,
      egress: { guaranteeBits: 10e6, limitBits: 10e6, burstBytes: null },
      ingress: { guaranteeBits: 0, limitBits: 50e6, burstBytes: null },
      latencyTargetUs: 500,
    });
  });

  test("of the pod goes before its tier's", () => {
    const annotations = fairway({ tier: "high", "latency-target": "2ms" });
    expect(ask({ annotations }).latencyTargetUs).toBe(2_000);
  });

  test("of a tier holds when an explicit limit lowers the guarantee", () => {
    const annotations = fairway({ tier: "high", "egress-limit": "300M" });
    const { egress, notes } = ask({ annotations });
    expect(egress).toEqual({ guaranteeBits: 300e6, limitBits: 300e6, burstBytes: null });
    expect(notes[0]).toBe(
      "tiers.high.egressGuarantee (500M) is lowered to fairway.dev/egress-limit (300M)",
    );
  });

  test("lowers a tier's limit to the pod's guarantee, and says so", () => {
    const annotations = fairway({ tier: "medium", "latency-target": "1ms" });
    const { egress, notes } = ask({ annotations });
    expect(egress.limitBits).toBe(100e6);
    expect(notes).toContain(
      "the egress limit is the guarantee (100M), because of fairway.dev/latency-target",
    );
  });

  test.each<[string, Given, string]>([
    [
      "an annotated limit",
      {
        annotations: fairway({
          "latency-target": "1ms",
          "egress-guarantee": "10M",
          "egress-limit": "10000001",
        }),
      },
      "fairway.dev/egress-limit: 10.000001M is above fairway.dev/egress-guarantee (10M), and with fairway.dev/latency-target the limit is the guarantee",
    ],
    [
      "Kubernetes' limit on a tier",
      {
        annotations: { ...fairway({ tier: "high" }), ...kubernetes({ "egress-bandwidth": "1G" }) },
      },
      "kubernetes.io/egress-bandwidth: 1G is above tiers.high.egressGuarantee (500M), and with tiers.high.latencyTarget the limit is the guarantee",
    ],
    [
      "a capability's limit on ingress",
      { annotations: fairway({ tier: "high" }), bandwidth: { ingressRateBits: 1e9 } },
      "runtimeConfig.bandwidth.ingressRate: 1G is above tiers.high.ingressGuarantee (400M), and with tiers.high.latencyTarget the limit is the guarantee",
    ],
  ])("with a larger explicit limit is an error that says why: %s", (_, given, msg) => {
    const error = errorOf(() => ask(given));
    expect(error.message).toBe(msg);
    expect(error.details).toContain("borrowing");
  });

  test.each<[string, Given, string]>([
    ["none", { annotations: fairway({ "latency-target": "1ms" }) }, ""],
    [
      "one on ingress only",
      { annotations: fairway({ "latency-target": "1ms", "ingress-guarantee": "1M" }) },
      "",
    ],
    [
      "one of 0",
      { annotations: fairway({ "latency-target": "1ms", "egress-guarantee": "0" }) },
      ", and fairway.dev/egress-guarantee is 0",
    ],
  ])("needs an egress guarantee: %s", (_, given, more) => {
    expect(() => ask(given)).toThrow(
      `fairway.dev/latency-target: a latency target needs an egress guarantee${more}`,
    );
  });

  test("of a tier whose guarantee the pod gave away is an error", () => {
    const annotations = fairway({ tier: "high", "egress-guarantee": "0" });
    expect(() => ask({ annotations })).toThrow(
      "tiers.high.latencyTarget: a latency target needs an egress guarantee, and fairway.dev/egress-guarantee is 0",
    );
  });
});

describe("what cannot be promised is an error that names the key", () => {
  test.each<[string, Record<string, string>, string, string]>([
    [
      "no rate",
      fairway({ "egress-guarantee": "10Q" }),
      'fairway.dev/egress-guarantee: "10Q" is not',
      "400M",
    ],
    [
      "empty",
      fairway({ "ingress-limit": "" }),
      'fairway.dev/ingress-limit: "" is not a rate',
      "400M",
    ],
    [
      "no duration",
      fairway({ "latency-target": "1" }),
      'fairway.dev/latency-target: "1" is not',
      "1.5ms",
    ],
    [
      "negative",
      fairway({ "egress-limit": "-1M" }),
      'fairway.dev/egress-limit: "-1M" is neg',
      "400M",
    ],
    [
      "a limit of 0",
      fairway({ "egress-limit": "0" }),
      'fairway.dev/egress-limit: "0" would let',
      "400M",
    ],
    [
      "Kubernetes' limit of 0",
      kubernetes({ "ingress-bandwidth": "0" }),
      'kubernetes.io/ingress-bandwidth: "0" would let nothing pass',
      "400M",
    ],
    [
      "a misspelt key",
      fairway({ "egress-garantee": "1M" }),
      "fairway.dev/egress-garantee: unknown annotation",
      'Did you mean "fairway.dev/egress-guarantee"? Known: fairway.dev/tier, ',
    ],
    ["an empty key", fairway({ "": "1M" }), "fairway.dev/: unknown annotation", "Known: fairway"],
    [
      "an unknown tier",
      fairway({ tier: "meduim" }),
      'fairway.dev/tier: there is no tier "meduim"',
      'Did you mean "medium"? Known: high, medium, best-effort.',
    ],
    [
      "a tier that all objects have",
      fairway({ tier: "toString" }),
      'fairway.dev/tier: there is no tier "toString"',
      "Known: high",
    ],
    [
      "a burst of nothing",
      fairway({ "egress-burst": "0" }),
      'fairway.dev/egress-burst: "0" would let nothing pass',
      "a size in bytes or a time",
    ],
    [
      "a burst as a time of nothing",
      fairway({ "ingress-burst": "4ms", "egress-limit": "1M" }),
      "fairway.dev/ingress-burst: 4ms is a time, and there is neither a limit nor a guarantee",
      "or the burst in bytes",
    ],
    [
      "a burst that the kernel cannot hold at the limit",
      fairway({ "egress-burst": "300s", "egress-limit": "1M", "egress-guarantee": "8k" }),
      "fairway.dev/egress-burst: 300s (37500000 bytes) is more than the kernel can hold at 1M: 34359738 bytes",
      'at most "34359738" bytes',
    ],
  ])("%s", (_, annotations, msg, details) => {
    const error = errorOf(() => ask({ annotations }));
    expect(error.code).toBe(7);
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
    expect(error.details).toContain(details);
  });

  test("a runtime's burst that the kernel cannot hold at its limit", () => {
    const bandwidth = { egressRateBits: 1_000, egressBurstBits: 8 * 34_360 };
    expect(() => ask({ bandwidth })).toThrow(
      "runtimeConfig.bandwidth.egressBurst: 34360 bytes is more than the kernel can hold at 1k: 34359 bytes",
    );
    expect(
      ask({ bandwidth: { ...bandwidth, egressBurstBits: 8 * 34_359 } }).egress.burstBytes,
    ).toBe(34_359);
  });

  test("all at once", () => {
    const annotations = fairway({
      speed: "1",
      tier: "low",
      "egress-guarantee": "2M",
      "egress-limit": "1M",
      "latency-target": "soon",
    });
    const { message } = errorOf(() => ask({ annotations }));
    expect(message.split("; ").map((each) => each.slice(0, each.indexOf(":")))).toEqual([
      "fairway.dev/speed",
      "fairway.dev/latency-target",
      "fairway.dev/tier",
      "fairway.dev/egress-guarantee",
    ]);
    expect(message).toEndWith("(4 errors)");
  });
});
