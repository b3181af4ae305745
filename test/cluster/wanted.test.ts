import { describe, expect, test } from "bun:test";
import { readPod } from "../../src/cluster/pod-seen.ts";
import { attachmentsOf, wantedOf } from "../../src/cluster/wanted.ts";
import type { PodAsks } from "../../src/plan/node.ts";
import { attachment } from "../ledger/fixtures/samples.ts";

const meta = { uid: "u1", name: "cart", namespace: "shop", resourceVersion: "1" };
const pod = (annotations: Record<string, unknown> = {}) =>
  readPod({ metadata: { ...meta, annotations } }, meta);

describe("a pod of the API", () => {
  test("keeps only what Fairway reads", () => {
    expect(
      pod({
        "fairway.dev/tier": "high",
        "fairway.dev/typo": "x",
        other: "y",
        "kubernetes.io/egress-bandwidth": "5M",
      }).annotations,
    ).toEqual({
      "fairway.dev/tier": "high",
      "fairway.dev/typo": "x",
      "kubernetes.io/egress-bandwidth": "5M",
    });
  });

  test("is not read where its annotations are too many", () => {
    const { annotations, excess } = pod({ "fairway.dev/tier": "x".repeat(256 * 1024) });
    expect(annotations).toEqual({});
    expect(excess).toBeGreaterThan(256 * 1024);
  });

  test("may have annotations that are none", () => {
    expect(readPod({ metadata: { annotations: [1] } }, meta).annotations).toEqual({});
    expect(readPod({}, meta).annotations).toEqual({});
  });
});

describe("the attachments of a pod", () => {
  const row = (n: number, part: object) =>
    attachment(n, { podNamespace: "shop", podName: "cart", ...part });

  test("are those of its uid, and those whose uid nobody told", () => {
    const rows = [
      row(1, { podUid: "u1" }),
      row(2, { podUid: "u0" }),
      row(3, {}),
      row(4, { podName: "other" }),
    ];
    expect(attachmentsOf(pod(), rows).map(({ containerId }) => containerId)).toEqual(["c1", "c3"]);
  });

  test("of a static pod have its id on the node", () => {
    const rows = [row(1, { podUid: "abc" })];
    expect(attachmentsOf(pod(), rows)).toEqual([]);
    expect(attachmentsOf(pod({ "kubernetes.io/config.mirror": "abc" }), rows)).toHaveLength(1);
  });

  test("without a namespace are of the default one", () => {
    const rows = [attachment(1, { podNamespace: null, podName: "cart" })];
    expect(attachmentsOf({ ...pod(), namespace: "default" }, rows)).toHaveLength(1);
    expect(attachmentsOf(pod(), rows)).toHaveLength(0);
  });
});

describe("what is wanted", () => {
  const asks = (part: Partial<PodAsks>): PodAsks => ({
    annotations: {},
    bandwidth: null,
    overrides: null,
    ...part,
  });
  const guarantee = "fairway.dev/egress-guarantee";
  const limit = "kubernetes.io/egress-bandwidth";

  test.each<[string, Record<string, string>, Partial<PodAsks>, Partial<PodAsks> | null]>([
    ["nothing", {}, {}, null],
    [
      "the same, in another order",
      { b: "", [guarantee]: "1M", "fairway.dev/tier": "a" },
      { annotations: { "fairway.dev/tier": "a", [guarantee]: "1M" } },
      null,
    ],
    [
      "more",
      { [guarantee]: "2M" },
      { annotations: { [guarantee]: "1M" } },
      { annotations: { [guarantee]: "2M" } },
    ],
    ["less", {}, { annotations: { [guarantee]: "1M" } }, { annotations: {} }],
    [
      "what an operator set stays",
      { [guarantee]: "2M" },
      { overrides: { [guarantee]: "9M" } },
      { annotations: { [guarantee]: "2M" }, overrides: { [guarantee]: "9M" } },
    ],
    [
      "the runtime's rate goes with its annotation",
      {},
      {
        annotations: { [limit]: "5M" },
        bandwidth: { egressRateBits: 5e6, egressBurstBits: 9, ingressRateBits: 1e6 },
      },
      { annotations: {}, bandwidth: { ingressRateBits: 1e6 } },
    ],
    [
      "a new limit takes the place of the runtime's rate",
      { [limit]: "6M" },
      { annotations: { [limit]: "5M" }, bandwidth: { egressRateBits: 5e6 } },
      { annotations: { [limit]: "6M" }, bandwidth: null },
    ],
    [
      "an unchanged limit leaves it",
      { [limit]: "5M", [guarantee]: "1M" },
      { annotations: { [limit]: "5M" }, bandwidth: { egressRateBits: 5e6 } },
      { annotations: { [limit]: "5M", [guarantee]: "1M" }, bandwidth: { egressRateBits: 5e6 } },
    ],
    [
      "a runtime that hands over the rate alone",
      { [limit]: "5M" },
      { bandwidth: { egressRateBits: 5e6 } },
      { annotations: { [limit]: "5M" }, bandwidth: { egressRateBits: 5e6 } },
    ],
  ])("%s", (_, annotations, former, wanted) => {
    const found = wantedOf(pod(annotations), { asks: asks(former) }).asks;
    expect(found).toEqual(wanted === null ? null : asks(wanted));
  });

  test("an address stays as it was asked for", () => {
    const former = asks({ annotations: { "fairway.dev/ip": "198.18.0.5" } });
    const { asks: wanted, addresses } = wantedOf(pod({ "fairway.dev/ip": "198.18.0.6" }), {
      asks: former,
    });
    expect(wanted).toBeNull();
    expect(addresses).toEqual(["fairway.dev/ip"]);
  });
});
