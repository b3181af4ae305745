import { describe, expect, test } from "bun:test";
import { refuseAddressAsk } from "../../src/config/chained.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

const chained = (keys: Record<string, unknown> = {}) =>
  parseNetworkConfig(configWith({ ipam: undefined, ...keys }));

describe("without ipam", () => {
  test("is chained, and claims nothing of the interface", () => {
    expect(chained()).toMatchObject({ chained: true, antiSpoof: false, ipMasq: false });
    expect(parseNetworkConfig(configWith({}))).toMatchObject({ chained: false, antiSpoof: true });
  });

  test("may say what is so anyway", () => {
    expect(() =>
      chained({ antiSpoof: false, ipMasq: false, runtimeConfig: { ips: [], mac: "" } }),
    ).not.toThrow();
  });

  test.each([
    ["bridge", { bridge: "fw0" }],
    ["mtu", { mtu: 1400 }],
    ["ipMasq", { ipMasq: true }],
    ["ipMasqExcept", { ipMasqExcept: ["10.0.0.0/8"] }],
    ["antiSpoof", { antiSpoof: true }],
    ["dns", { dns: { nameservers: ["10.0.0.1"] } }],
    ["runtimeConfig.ips", { runtimeConfig: { ips: ["10.244.1.9/24"] } }],
    ["runtimeConfig.mac", { runtimeConfig: { mac: "0a:00:00:00:00:01" } }],
    ["runtimeConfig.ipRanges", { runtimeConfig: { ipRanges: [[{ subnet: "10.9.0.0/24" }]] } }],
  ])("%s is another plugin's", (key, keys) => {
    const error = errorOf(() => chained(keys));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(`${key}: is `);
    expect(error.message).toContain("the pods' interfaces");
  });

  test("ipam that is null is no chain", () => {
    expect(errorOf(() => chained({ ipam: null })).message).toContain("ipam: has to be an object");
  });
});

test.each(["fairway.dev/ip", "fairway.dev/ip-pool"])("%s is refused there", (key) => {
  expect(errorOf(() => refuseAddressAsk({ [key]: "10.1.0.9" })).message).toContain(key);
  expect(() => refuseAddressAsk({ "fairway.dev/tier": "high" })).not.toThrow();
});
