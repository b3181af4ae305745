import { describe, expect, test } from "bun:test";
import { capacityTold, shortWords, statusPatch } from "../../src/cluster/capacity-told.ts";
import { readNode } from "../../src/cluster/node-object.ts";
import type { Load, Publishing } from "../../src/cluster/schedulable.ts";
import { networkBase } from "../ledger/fixtures/samples.ts";

const trees = {
  ...networkBase("pods").trees,
  ...{ egressCapacityBits: 400.9e6, egressReserveBits: 20e6, hostClasses: [] },
  ...{ ingressCapacityBits: 30e9, ingressReserveBits: 0 },
};
const told = (publishing: Publishing = "resources", loads: Load[] = []) =>
  capacityTold({
    ...{ trees, publishing },
    loads: (direction) => (direction === "egress" ? loads : []),
    floors: { egress: 0, ingress: 0 },
  });
const [egress, ingress] = ["fairway.dev/egress-mbps", "fairway.dev/ingress-mbps"];
const meta = { uid: "n1", name: "node1", namespace: "", resourceVersion: "1" };
type Texts = Record<string, string>;
const node = (capacity?: Texts, allocatable = capacity) =>
  readNode({ metadata: meta, status: { capacity, allocatable } }, meta);
const all: Texts = { [egress]: "380", [ingress]: "29999", cpu: "2" };

describe("what is written to a Node", () => {
  test("both places, in whole Mbit/s rounded down", () => {
    const amounts = { [egress]: "380", [ingress]: "29999" };
    expect(statusPatch(node(), told())).toEqual({
      body: { metadata: { uid: "n1" }, status: { capacity: amounts, allocatable: amounts } },
      isLower: false,
    });
  });

  test.each<[string, Texts | undefined, Texts | undefined, boolean | null]>([
    ["nothing, where it is there", all, all, null],
    ["what is lost", { cpu: "2" }, { cpu: "2" }, false],
    ["what a kubelet has not copied", all, { ...all, [egress]: "300" }, false],
    ["what a kubelet has set to 0", { ...all, [egress]: "0" }, { ...all, [egress]: "0" }, false],
    ["less", { ...all, [egress]: "400" }, all, true],
    ["what cannot be read", { ...all, [egress]: "many" }, all, false],
  ])("%s", (_, capacity, allocatable, isLower) => {
    expect(statusPatch(node(capacity, allocatable), told())?.isLower ?? null).toBe(isLower);
  });

  test("Kubernetes writes thousands its own way", () => {
    const few = { ...trees, ingressCapacityBits: 25.00001e9 };
    const of = capacityTold({
      ...{ trees: few, publishing: "resources", loads: () => [] },
      floors: { egress: 0, ingress: 0 },
    });
    expect(statusPatch(node({ ...all, [ingress]: "25k" }), of)).toBeNull();
  });

  test("what is told another way is taken away", () => {
    expect(statusPatch(node({ cpu: "2" }), told("dra"))).toBeNull();
    const amounts = { [egress]: null, [ingress]: null };
    expect(statusPatch(node(all), told("dra"))).toEqual({
      body: { metadata: { uid: "n1" }, status: { capacity: amounts, allocatable: amounts } },
      isLower: true,
    });
  });
});

test("it says where more is counted than there is", () => {
  expect(shortWords(told())).toBeNull();
  const counted = { countedBits: { resources: 400e6, dra: 0 }, inForceBits: 410e6 };
  const short = told("resources", [counted]);
  expect(short.egress.resources?.bits).toBe(400e6);
  expect(shortWords(short)).toBe(
    "more is promised than this node can promise, so no pod that asks for bandwidth is placed here until that is less: egress: the scheduler counts 400M for the node's pods, and with what is in force beyond that they hold 410M of 380.9M; what is published stays at 400M",
  );
});
