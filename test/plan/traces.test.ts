import { expect, test } from "bun:test";
import { desiredPod } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import { addressesGone } from "../../src/plan/traces.ts";
import { networkWith, podWith } from "./samples.ts";

const pod = desiredPod(podWith(0x10), networkWith());
const { leases } = podWith(0x10);
const next = desiredPod(podWith(0x11, { leases }), networkWith());

test("what a pod leaves that is removed", () => {
  expect(addressesGone(diff(new Map(), pod).steps)).toEqual(["10.1.0.2"]);
});

test("not of a pod that is made, or where another has its address by now", () => {
  expect(addressesGone(diff(pod, new Map()).steps)).toEqual([]);
  expect(addressesGone(diff(next, pod).steps)).toEqual([]);
});
