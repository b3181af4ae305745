import { expect, test } from "bun:test";
import type { TreeSettings } from "../../src/plan/node.ts";
import { tiersRefusal, tiersTooLarge } from "../../src/promise/tiers.ts";

const trees: TreeSettings = {
  uplink: "eth0",
  egressCapacityBits: 400e6,
  ingressCapacityBits: 300e6,
  egressReserveBits: 20e6,
  ingressReserveBits: 0,
  overcommit: "reject",
  wireBits: 400e6,
  hostGsoMaxBytes: 65_536,
  setsHostGso: false,
  policesHost: true,
  leafKind: "bfifo",
  hostClasses: [],
};
const none = { egress: {}, ingress: {} };

test("tiers that fit, one by one", () => {
  const tiers = {
    none,
    // All that there is, twice: tiers are not added up.
    most: { ...none, egress: { guaranteeBits: 380e6 } },
    again: { ...none, egress: { guaranteeBits: 380e6 } },
    // Without a reserve the host's class still has its floor.
    ingress: { ...none, ingress: { guaranteeBits: 300e6 - 8_000 } },
  };
  expect(tiersTooLarge(tiers, trees)).toEqual([]);
  expect(tiersRefusal(tiers, trees)).toBeNull();
});

test("each that does not is named with the numbers", () => {
  const high = { egress: { guaranteeBits: 380e6 + 1 }, ingress: { guaranteeBits: 300e6 } };
  const error = tiersRefusal({ none, high }, trees);
  expect(error?.kind).toBe("promiseRefused");
  expect(error?.message.split("; ")).toEqual([
    "tiers.high.egressGuarantee: 380.000001M is more than this node can promise to a pod that is alone: 380M of a capacity of 400M, with a reserve of 20M",
    "tiers.high.ingressGuarantee: 300M is more than this node can promise to a pod that is alone: 299.992M of a capacity of 300M, with a reserve of 0",
  ]);
});

test("the host's own classes take of the egress", () => {
  const storage = { name: "storage", ports: [3260], egressGuaranteeBits: 80e6 };
  const tiers = { high: { egress: { guaranteeBits: 301e6 }, ingress: { guaranteeBits: 1e6 } } };
  expect(tiersTooLarge(tiers, { ...trees, hostClasses: [storage] })).toHaveLength(1);
  expect(tiersTooLarge(tiers, trees)).toEqual([]);
});

test("a guarantee below a floor takes a floor", () => {
  const tiny = { ...none, egress: { guaranteeBits: 1_000 } };
  const small = { ...trees, egressCapacityBits: 15_999, egressReserveBits: 0 };
  expect(tiersTooLarge({ tiny }, small)).toHaveLength(1);
  expect(tiersTooLarge({ tiny }, { ...small, egressCapacityBits: 16_000 })).toEqual([]);
});
