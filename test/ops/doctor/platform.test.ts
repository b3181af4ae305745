import { expect, test } from "bun:test";
import { judgePlatform } from "../../../src/ops/doctor/platform.ts";

const veths = ["lo", "eth0", "cali123", "cni0"];

test("a node with nothing of that kind has no finding", () => {
  expect(judgePlatform(veths, ["calico", "portmap", "fairway"], true)).toEqual([]);
});

test.each([
  ["Cilium's device", [...veths, "cilium_host"], [], "cilium_host is of Cilium"],
  ["Calico's eBPF data path", [...veths, "bpfin.cali"], ["calico"], "Calico's eBPF data path"],
  ["Cilium's plugin", veths, ["cilium-cni"], "calls cilium-cni"],
  ["a plugin on Open vSwitch", veths, ["kube-ovn"], "Open vSwitch"],
])("%s: an error behind it, a warning beside it", (_, devices, types, says) => {
  for (const [isChained, level] of [
    [true, "error"],
    [false, "warn"],
  ] as const)
    expect(judgePlatform(devices, types, isChained)).toEqual([
      {
        ...{ id: "platform", level, found: expect.stringContaining(says) },
        todo: expect.stringContaining("docs/platforms.md"),
      },
    ]);
});
