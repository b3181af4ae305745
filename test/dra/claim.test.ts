import { describe, expect, test } from "bun:test";
import { sharesOf } from "../../src/dra/claim.ts";
import { claimWith, result } from "./claims.ts";

const asked = { namespace: "shop", name: "web-egress", uid: "claim-1" };
const share = {
  ...{ claimUid: "claim-1", claimNamespace: "shop", claimName: "web-egress", podUid: "pod-1" },
  ...{ request: "egress", device: "egress-eth0", uplink: "eth0", direction: "egress" },
  ...{ shareId: "share-1", rateBits: 200_000_000 },
};

describe("what a claim was given", () => {
  const ingress = { request: "both/second", device: "ingress-eth0-2e100", shareID: undefined };
  const rows: [string, unknown, unknown[]][] = [
    ["a share of one device", claimWith(), [share]],
    [
      "an amount under the qualified name",
      claimWith({ results: [result({ consumedCapacity: { "fairway.dev/bandwidth": "1500k" } })] }),
      [{ ...share, rateBits: 1_500_000 }],
    ],
    [
      "two devices, and one of another driver",
      claimWith({ results: [result(), result({ driver: "gpu.example" }), result(ingress)] }),
      [
        share,
        {
          ...{ ...share, request: "both/second", device: "ingress-eth0-2e100" },
          ...{ uplink: "eth0.100", direction: "ingress", shareId: null },
        },
      ],
    ],
  ];
  test.each(rows)("%s", (_, claim, shares) => {
    expect(sharesOf(asked, claim, "node1") as unknown[]).toEqual(shares);
  });
});

describe("a claim that cannot be prepared says why", () => {
  const pod = { resource: "pods", name: "web", uid: "pod-1" };
  const rows: [string, unknown, string][] = [
    ["of another uid", claimWith({ uid: "claim-2" }), "the API server has one of uid claim-2"],
    ["that is no object", null, "the API server has one of uid none"],
    ["without a status", claimWith({ status: {} }), "was given no device of fairway.dev"],
    [
      "of another driver alone",
      claimWith({ results: [result({ driver: "gpu.example" })] }),
      "was given no device of fairway.dev",
    ],
    [
      "for another node",
      claimWith({ results: [result({ pool: "node2" })] }),
      "was given a device of node node2, and this is node node1",
    ],
    [
      "of an unknown device",
      claimWith({ results: [result({ device: "eth0-egress" })] }),
      "no device of ours is called so",
    ],
    [
      "with admin access",
      claimWith({ results: [result({ adminAccess: true })] }),
      "has admin access to device egress-eth0",
    ],
    [
      "of a whole device",
      claimWith({ results: [result({ consumedCapacity: undefined })] }),
      "without an amount of bandwidth",
    ],
    [
      "of nothing",
      claimWith({ results: [result({ consumedCapacity: { bandwidth: "0" } })] }),
      "was given 0",
    ],
    [
      "of what is no rate",
      claimWith({ results: [result({ consumedCapacity: { bandwidth: "lots" } })] }),
      "the bandwidth that claim shop/web-egress was given",
    ],
    ["for no pod", claimWith({ reservedFor: [] }), "is reserved for no pod"],
    [
      "for what is no pod",
      claimWith({
        reservedFor: [{ ...pod, resource: "podgroups", apiGroup: "scheduling.k8s.io" }],
      }),
      "is reserved for podgroups web, which is no pod",
    ],
    [
      "for two pods",
      claimWith({ reservedFor: [pod, { ...pod, name: "web-2", uid: "pod-2" }] }),
      "is reserved for 2 pods (web, web-2)",
    ],
  ];
  test.each(rows)("%s", (_, claim, words) => {
    expect(() => sharesOf(asked, claim, "node1")).toThrow(words);
  });
});
