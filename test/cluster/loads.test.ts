import { expect, test } from "bun:test";
import { loadsOf } from "../../src/cluster/loads.ts";
import { readPod } from "../../src/cluster/pod-seen.ts";
import type { Direction } from "../../src/plan/node.ts";
import { attachment, claimShare } from "../ledger/fixtures/samples.ts";

type LoadsArgs = [
  pods: Parameters<typeof loadsOf>[0],
  rows: Parameters<typeof loadsOf>[1],
  direction: Direction,
];

const pod = (name: string, mbps: string | null) => {
  const metadata = { uid: `u-${name}`, name, namespace: "shop", resourceVersion: "1" };
  const requests = mbps === null ? {} : { "fairway.dev/egress-mbps": mbps };
  return readPod({ metadata, spec: { containers: [{ resources: { requests } }] } }, metadata);
};
const row = (n: number, podName: string | null, guaranteeBits: number, part: object = {}) => {
  const sample = attachment(n, { podNamespace: "shop", podName, ...part });
  return {
    ...sample,
    promise: { ...sample.promise, egress: { ...sample.promise.egress, guaranteeBits } },
  };
};
const loads = (...[pods, rows, direction]: LoadsArgs) =>
  loadsOf(pods, rows, [], direction).map(({ countedBits, inForceBits }) => [
    countedBits.resources,
    inForceBits,
  ]);

test("a pod with its attachments, and what no pod of the API has", () => {
  const pods = [pod("cart", "100"), pod("till", null), pod("next", "50")];
  const rows = [
    row(1, "cart", 80e6),
    row(2, "cart", 40e6, { network: "other" }),
    row(3, "till", 30e6),
    row(4, "gone", 20e6),
    // The pod that had this name before: it was deleted by force, and its sandbox is still there.
    row(5, "next", 10e6, { podUid: "u-before" }),
    row(6, null, 5e6),
  ];
  expect(loads(pods, rows, "egress")).toEqual([
    [100e6, 120e6],
    [0, 30e6],
    [50e6, 0],
    [0, 35e6],
  ]);
  expect(loads(pods, rows, "ingress")[0]).toEqual([0, 0]);
});

test("a guarantee below the floor takes a floor, and none takes nothing", () => {
  const pods = [pod("cart", "1")];
  expect(loads(pods, [row(1, "cart", 1_000)], "egress")[0]).toEqual([1e6, 8_000]);
  expect(loads(pods, [row(1, "cart", 0)], "egress")[0]).toEqual([1e6, 0]);
});

test("what a pod's claims were given is what dynamic resource allocation counts for it", () => {
  const pods = [pod("cart", null), pod("till", null)];
  const claims = [
    claimShare({ podUid: "u-cart" }),
    claimShare({ podUid: "u-cart", claimUid: "c2", rateBits: 5e6 }),
    claimShare({ podUid: "u-cart", claimUid: "c2", direction: "ingress", rateBits: 7e6 }),
    claimShare({ podUid: "u-gone" }),
  ];
  const dra = (direction: Direction) =>
    loadsOf(pods, [row(1, "cart", 105e6)], claims, direction).map(
      ({ countedBits, inForceBits }) => [countedBits, inForceBits],
    );
  expect(dra("egress")).toEqual([
    [{ resources: 0, dra: 105e6 }, 105e6],
    [{ resources: 0, dra: 0 }, 0],
    // A pod that the API server does not have holds nothing, so its claim takes nothing off.
    [{ resources: 0, dra: 0 }, 0],
  ]);
  expect(dra("ingress")[0]).toEqual([{ resources: 0, dra: 7e6 }, 0]);
});
