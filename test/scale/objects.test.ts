import { expect, test } from "bun:test";
import { foundNode, foundPod, nodeObject, podObject, wholeOf } from "./objects.ts";

const planned = { name: "p", mbps: { egress: 2_000, ingress: 0 } };

test.each([
  ["0", 0],
  ["9500", 9_500],
  ["2k", 2_000],
  ["1M", 1_000_000],
])("%s is %d", (text, expected) => {
  expect(wholeOf(text)).toBe(expected);
});

test.each(["", "1.5", "1500m", "1Ki", "-1"])("%p is no whole quantity", (text) => {
  expect(() => wholeOf(text)).toThrow("is no whole quantity");
});

test.each([true, false])("what is made is what is read (counted: %p)", (isCounted) => {
  const pod = foundPod(podObject(planned, isCounted), isCounted);
  expect(pod).toEqual({ ...planned, node: null, why: null });
  const node = foundNode(nodeObject(planned, isCounted));
  expect(node).toEqual(isCounted ? planned : { name: "p", mbps: { egress: 0, ingress: 0 } });
});

test("the scheduler's words are those of a pod that it could not place", () => {
  const pod = podObject(planned, true);
  const condition = { type: "PodScheduled", status: "False", message: "0/2 nodes" };
  const withReason = (reason: string) => ({
    ...pod,
    status: { conditions: [{ ...condition, reason }] },
  });
  expect(foundPod(withReason("Unschedulable"), true).why).toBe("0/2 nodes");
  expect(foundPod(withReason("SchedulerError"), true).why).toBeNull();
});
