/** A network's configuration that was parsed for one pod is the same as parsed anew for another. */
import { expect, test } from "bun:test";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";

const network = {
  cniVersion: "1.0.0",
  name: "pods",
  type: "fairway",
  tiers: { gold: { egressGuarantee: "10M" } },
  defaultTier: "gold",
  ipam: { subnet: "198.19.0.0/24" },
};
const other = { ...network, name: "others", ipam: { subnet: "198.19.1.0/24" } };
const annotated = (annotations: Record<string, string>) => ({
  runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
});
const podParts = [
  {},
  annotated({ "fairway.dev/egress-guarantee": "5M" }),
  annotated({ "fairway.dev/tier": "gold" }),
  { runtimeConfig: { bandwidth: { egressRate: 1_000_000, egressBurst: 80_000 } } },
  { runtimeConfig: { bandwidth: { egressRate: -1 } } },
  { runtimeConfig: { ipRanges: [[{ subnet: "198.19.2.0/24" }]] } },
  { runtimeConfig: { ips: ["198.19.0.7/24"], mac: "02:00:00:00:00:01" } },
  { runtimeConfig: null },
  { runtimeConfig: [] },
  { prevResult: { cniVersion: "1.0.0", ips: [] } },
  { prevResult: "none" },
  { args: { cni: { ips: ["198.19.0.9"] } } },
  { args: 5 },
  { ipam: undefined },
  { ipam: { type: "host-local" } },
  { tiers: { gold: { egressGuarantee: "20M" } } },
  { cniVersion: "1.1.0" },
  { surprise: 1 },
];
const asks = [network, other].flatMap((base) => podParts.map((part) => ({ ...base, ...part })));

function outcomeOf(raw: unknown): unknown {
  try {
    return parseNetworkConfig(raw);
  } catch (error) {
    return String(error);
  }
}

/** One of another kind comes between, so that nothing is remembered. */
function anew(raw: unknown): unknown {
  parseNetworkConfig({ ...network, name: "between" });
  return outcomeOf(raw);
}

test("after each other one, each configuration gives what it gives by itself", () => {
  const alone = asks.map(anew);
  expect(alone.filter((each) => typeof each === "string").length).toBeGreaterThan(8);
  for (const before of asks)
    for (const [at, raw] of asks.entries()) {
      outcomeOf(before);
      expect(outcomeOf(raw)).toEqual(alone[at]);
    }
});
