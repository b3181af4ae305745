import { expect, test } from "bun:test";
import { claimStatuses } from "../../src/cluster/claim-status.ts";
import type { ClaimedRate } from "../../src/plan/node.ts";
import { attachment, claimShare } from "../ledger/fixtures/samples.ts";

const claim = (claimUid: string): ClaimedRate => ({
  ...{ claimUid, claim: "shop/net", direction: "egress", rateBits: 1e8 },
});
const row = (claims: ClaimedRate[], phase: "ready" | "adding" = "ready") => {
  const sample = attachment(1, { phase });
  return { ...sample, asks: { ...sample.asks, claims }, createdAtMs: 0, createdUpMs: 0 };
};

test("a claim whose pod has its interface says so, for each share", () => {
  const shares = [
    claimShare(),
    claimShare({ request: "in", device: "ingress-eth0", direction: "ingress", shareId: null }),
  ];
  const [found, ...others] = claimStatuses(shares, [row([claim("c1")])], "node1");
  expect(others).toEqual([]);
  expect(found?.path).toBe("/apis/resource.k8s.io/v1/namespaces/shop/resourceclaims/net/status");
  const networkData = {
    ...{ interfaceName: "eth0", ips: ["198.18.0.3/24"], hardwareAddress: "0a:58:c6:12:00:03" },
  };
  const condition = { type: "Ready", status: "True", lastTransitionTime: "1970-01-01T00:00:00Z" };
  expect(found?.object).toMatchObject({
    metadata: { name: "net", namespace: "shop", uid: "c1" },
    status: {
      devices: [
        {
          ...{ driver: "fairway.dev", pool: "node1", device: "egress-eth0" },
          shareID: "5f1e7a52-0000-4000-8000-00000000000a",
          conditions: [{ ...condition, message: "egress 100M of 100G guaranteed" }],
          networkData,
        },
        {
          device: "ingress-eth0",
          conditions: [{ ...condition, message: "ingress 100M of 0 guaranteed, at most 5M" }],
          networkData,
        },
      ],
    },
  });
});

test.each([
  ["whose pod is not here yet", [row([])]],
  ["whose pod is being added", [row([claim("c1")], "adding")]],
  ["of which another pod was told", [row([claim("c2")])]],
])("nothing is said of a claim %s", (_, rows) => {
  expect(claimStatuses([claimShare()], rows, "node1")).toEqual([]);
});
