import { describe, expect, test } from "bun:test";
import type { RuntimeConfig } from "../../src/config/types.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

function runtimeOf(runtimeConfig: unknown, args?: unknown): RuntimeConfig {
  return parseNetworkConfig(configWith({ runtimeConfig, ...(args === undefined ? {} : { args }) }))
    .runtime;
}

const none: RuntimeConfig = {
  podAnnotations: {},
  bandwidth: null,
  ips: [],
  ipRanges: [],
  mac: null,
};

describe("what runtimes send", () => {
  test.each<[string, unknown, Partial<RuntimeConfig>]>([
    ["nothing", {}, {}],
    ["null", null, {}],
    [
      "nulls, as Go writes what is empty",
      {
        "io.kubernetes.cri.pod-annotations": null,
        bandwidth: null,
        ips: null,
        mac: "",
        ipRanges: null,
        portMappings: null,
      },
      {},
    ],
    [
      "containerd: Go's field names, its default bursts, a zero for what is not set",
      {
        bandwidth: {
          IngressRate: 1_000_000,
          IngressBurst: 4_294_967_295,
          EgressRate: 0,
          EgressBurst: 0,
        },
      },
      { bandwidth: { ingressRateBits: 1_000_000 } },
    ],
    [
      "CRI-O: camel case, its default bursts",
      {
        bandwidth: {
          ingressRate: 1_000_000,
          ingressBurst: 34_359_738_359,
          egressRate: 2_000_000,
          egressBurst: 34_359_738_360,
        },
      },
      { bandwidth: { ingressRateBits: 1_000_000, egressRateBits: 2_000_000 } },
    ],
    [
      "the kubelet of old",
      { bandwidth: { ingressRate: 1_000_000, ingressBurst: 2_147_483_647 } },
      { bandwidth: { ingressRateBits: 1_000_000 } },
    ],
    [
      "bursts that someone asked for, next to the defaults",
      {
        bandwidth: {
          ingressRate: 1_000_000,
          ingressBurst: 4_294_967_296,
          egressRate: 1_000_000,
          egressBurst: 80_001,
        },
      },
      {
        bandwidth: {
          ingressRateBits: 1_000_000,
          ingressBurstBits: 4_294_967_296,
          egressRateBits: 1_000_000,
          egressBurstBits: 80_001,
        },
      },
    ],
    ["bandwidth of nothing", { bandwidth: { IngressRate: 0, EgressRate: 0 } }, {}],
    [
      "the whole key in another case",
      { BANDWIDTH: { EGRESSRATE: 5_000 } },
      { bandwidth: { egressRateBits: 5_000 } },
    ],
    [
      "annotations",
      { "io.kubernetes.cri.pod-annotations": { "fairway.dev/tier": "high", other: "x" } },
      { podAnnotations: { "fairway.dev/tier": "high", other: "x" } },
    ],
    ["a MAC address", { mac: "02:AB:00:00:00:01" }, { mac: "02:ab:00:00:00:01" }],
    ["a MAC address with hyphens", { mac: "02-ab-00-00-00-01" }, { mac: "02:ab:00:00:00:01" }],
    [
      "addresses",
      { ips: ["10.244.1.7", "10.244.1.8/24"] },
      { ips: ["10.244.1.7", "10.244.1.8/24"] },
    ],
    ["keys that are not ours", { what: { ever: 1 }, dns: { Servers: [] } }, {}],
  ])("%s", (_, runtimeConfig, expected) => {
    expect(runtimeOf(runtimeConfig)).toStrictEqual({ ...none, ...expected });
  });

  test("addresses of args.cni come after the capability's, each once", () => {
    const args = { cni: { ips: ["10.244.1.9", "10.244.1.7"], labels: [{ key: "a" }] }, org: 5 };
    expect(runtimeOf({ ips: ["10.244.1.7"] }, args).ips).toEqual(["10.244.1.7", "10.244.1.9"]);
    expect(runtimeOf({}, { cni: null }).ips).toEqual([]);
  });
});

describe("what is wrong with it", () => {
  const annotations = "io.kubernetes.cri.pod-annotations";
  test.each<[string, unknown, string]>([
    ["not an object", 5, "runtimeConfig: has to be an object or null, found 5"],
    ["bandwidth", { bandwidth: [] }, "runtimeConfig.bandwidth: has to be an object, found []"],
    [
      "a rate that is a text",
      { bandwidth: { EgressRate: "1M" } },
      'runtimeConfig.bandwidth.egressRate: has to be a whole number from 0 to 9007199254740991, found "1M"',
    ],
    [
      "a negative rate",
      { bandwidth: { egressRate: -1 } },
      "runtimeConfig.bandwidth.egressRate: has to be a whole number",
    ],
    [
      "a rate above all",
      { bandwidth: { egressRate: 1e15 + 1 } },
      "runtimeConfig.bandwidth.egressRate: 1000000000000001 is more than 1P",
    ],
    [
      "a rate below all",
      { bandwidth: { egressRate: 999 } },
      "runtimeConfig.bandwidth.egressRate: 999 is less than 1k",
    ],
    [
      "a burst above all",
      { bandwidth: { egressRate: 1_000_000, egressBurst: 34_359_738_361 } },
      "runtimeConfig.bandwidth.egressBurst: has to be a whole number from 0 to 34359738360",
    ],
    [
      "a burst without a rate",
      { bandwidth: { IngressBurst: 80_000 } },
      "runtimeConfig.bandwidth.ingressBurst: is a burst without ingressRate",
    ],
    [
      "two letter cases at odds",
      { bandwidth: { egressRate: 5_000, EgressRate: 6_000 } },
      "runtimeConfig.bandwidth.EgressRate: is given twice, in two letter cases, and they differ",
    ],
    [
      "annotations as a list",
      { [annotations]: ["a"] },
      `runtimeConfig.${annotations}: has to be an object`,
    ],
    [
      "an annotation that is a number",
      { [annotations]: { "fairway.dev/tier": 5 } },
      `runtimeConfig.${annotations}["fairway.dev/tier"]: has to be a string, found 5`,
    ],
    ["a multicast MAC", { mac: "01:00:5e:00:00:01" }, "runtimeConfig.mac: "],
    [
      "broadcast",
      { mac: "ff:ff:ff:ff:ff:ff" },
      'runtimeConfig.mac: "ff:ff:ff:ff:ff:ff" is a multi',
    ],
    [
      "no MAC",
      { mac: "02:00:00:00:00" },
      'runtimeConfig.mac: "02:00:00:00:00" is not a MAC address',
    ],
    ["mixed separators", { mac: "02:00-00:00:00:01" }, "runtimeConfig.mac: "],
    ["the zero MAC", { mac: "00:00:00:00:00:00" }, "runtimeConfig.mac: "],
    ["a MAC of the wrong type", { mac: 5 }, "runtimeConfig.mac: has to be a string, found 5"],
    ["an address that is none", { ips: ["x"] }, 'runtimeConfig.ips[0]: "x" is not an IP address'],
    ["a prefix that is none", { ips: ["10.244.1.7/40"] }, "runtimeConfig.ips[0]: "],
    ["an address of the wrong type", { ips: [5] }, "runtimeConfig.ips[0]: has to be a string"],
    ["addresses that are no list", { ips: "10.244.1.7" }, "runtimeConfig.ips: has to be a list"],
  ])("%s", (_, runtimeConfig, msg) => {
    const error = errorOf(() => runtimeOf(runtimeConfig));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
  });

  test("an address of args.cni that is none", () => {
    expect(() => runtimeOf({}, { cni: { ips: ["x"] } })).toThrow('args.cni.ips[0]: "x"');
  });
});
