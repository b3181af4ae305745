import { describe, expect, test } from "bun:test";
import { capacityTold } from "../../src/cluster/capacity-told.ts";
import type { Publishing } from "../../src/cluster/schedulable.ts";
import { devicesOf, readSlice, sliceName, sliceWanted } from "../../src/cluster/slice-object.ts";
import type { Json } from "../../src/kube/objects.ts";
import { networkBase } from "../ledger/fixtures/samples.ts";

const { trees: usual } = networkBase("pods");
const trees = {
  ...usual,
  ...{ egressCapacityBits: 400e6, egressReserveBits: 20e6 },
  ...{ ingressCapacityBits: 25e9, ingressReserveBits: 0 },
};
const told = (publishing: Publishing, of = trees) =>
  capacityTold({
    ...{ trees: of, publishing },
    loads: () => [],
    floors: { egress: 0, ingress: 0 },
  });
const devices = (publishing: Publishing, of = trees) => devicesOf(of, told(publishing, of));
const node = { name: "node1", uid: "u-node1" };
const metaOf = (name: string) => ({ name, uid: "u-slice", namespace: "", resourceVersion: "1" });

describe("a node's devices", () => {
  test("are one for each direction, in the units of the API", () => {
    const policy = { default: "1M", validRange: { min: "1M", step: "1M" } };
    expect(devices("dra")).toEqual([
      {
        name: "egress-eth0",
        allowMultipleAllocations: true,
        attributes: {
          direction: { string: "egress" },
          uplink: { string: "eth0" },
          speedMbps: { int: 400 },
        },
        capacity: { bandwidth: { value: "380M", requestPolicy: policy } },
      },
      {
        name: "ingress-eth0",
        allowMultipleAllocations: true,
        attributes: {
          direction: { string: "ingress" },
          uplink: { string: "eth0" },
          speedMbps: { int: 25_000 },
        },
        // An API server writes it so, and what it has is compared with this.
        capacity: {
          bandwidth: { value: expect.stringMatching(/^(25G|249\d\dM)$/), requestPolicy: policy },
        },
      },
    ]);
  });

  const valuesOf = (found: Json[] | null) =>
    (found ?? []).map(
      ({ capacity }) => (capacity as { bandwidth: { value: string } }).bandwidth.value,
    );

  test.each<[string, Publishing, string[] | null]>([
    ["none where resources are told", "resources", null],
    ["half where both are", "split", ["190M"]],
  ])("%s", (_, publishing, values) => {
    const found = devices(publishing);
    expect(found === null ? null : valuesOf(found).slice(0, 1)).toEqual(values);
  });

  test("are left out where there is too little to ask for", () => {
    const full = { ...trees, egressReserveBits: 399e6 };
    expect(devices("dra", full)?.map(({ name }) => name)).toEqual(["ingress-eth0"]);
  });
});

describe("a slice", () => {
  const wanted = sliceWanted(node, devices("dra") ?? [], null);

  test("is of its node, goes with it, and is the whole pool", () => {
    expect(wanted).toMatchObject({
      name: "node1-fairway.dev",
      object: {
        apiVersion: "resource.k8s.io/v1",
        kind: "ResourceSlice",
        metadata: { ownerReferences: [{ kind: "Node", name: "node1", uid: "u-node1" }] },
        spec: {
          ...{ driver: "fairway.dev", nodeName: "node1" },
          pool: { name: "node1", generation: 1, resourceSliceCount: 1 },
        },
      },
    });
  });

  test("is left alone where it says the same, in whatever order its keys come", () => {
    const reversed = JSON.parse(
      JSON.stringify(wanted?.object, (_, value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
      ),
    ) as Json;
    const seen = readSlice(reversed, metaOf("node1-fairway.dev"));
    expect(sliceWanted(node, devices("dra") ?? [], seen)).toBeNull();
  });

  test("is the pool's next generation where it says anything else", () => {
    const seen = readSlice(wanted?.object ?? {}, metaOf("node1-fairway.dev"));
    const next = sliceWanted(node, devices("split") ?? [], { ...seen, generation: 7 });
    expect(next?.object).toMatchObject({ spec: { pool: { generation: 8 } } });
  });

  test("that is no slice reads as one that says nothing", () => {
    expect(readSlice({}, metaOf("x"))).toEqual({
      ...{ name: "x", uid: "u-slice", generation: 0, content: "[]" },
    });
  });

  test("has a name that an API server takes, however long the node's is", () => {
    expect(sliceName("node1")).toBe("node1-fairway.dev");
    const [one, other] = ["a", "b"].map((end) => sliceName(`${"n".repeat(252)}${end}`));
    expect(one?.length).toBe(253);
    expect(one).not.toBe(other);
    expect(one).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  });
});
