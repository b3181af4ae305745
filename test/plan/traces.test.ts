import { expect, test } from "bun:test";
import { desiredPod } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import { addressesGone } from "../../src/plan/traces.ts";
import { networkWith, podWith } from "./samples.ts";

const pod = desiredPod(podWith(0x10), networkWith());
const other = desiredPod(podWith(0x11), networkWith());

test("what a pod leaves that is removed", () => {
  expect(addressesGone(diff(new Map(), pod).steps)).toEqual(["10.1.0.2"]);
});

test("not of a pod that is made, or put right under its address", () => {
  expect(addressesGone(diff(pod, new Map()).steps)).toEqual([]);
  expect(addressesGone(diff(other, pod).steps)).toEqual([]);
});
