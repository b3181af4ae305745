import { expect, test } from "bun:test";
import { cachedPod } from "../../../src/ops/adopt/cached.ts";

const cached = {
  kind: "cniCacheV1",
  containerId: "c1",
  ifName: "eth0",
  networkName: "cbr0",
  netns: "/run/netns/p",
  cniArgs: [
    ["K8S_POD_NAMESPACE", "shop"],
    ["K8S_POD_NAME", "web"],
  ],
  capabilityArgs: { "io.kubernetes.cri.pod-annotations": { a: "b" } },
  result: { cniVersion: "1.0.0", interfaces: [{ name: "eth0", sandbox: "/run/netns/q" }] },
};

test("what an ADD was asked and returned", () => {
  expect(cachedPod(JSON.stringify(cached), "cbr0")).toEqual({
    ...{ containerId: "c1", ifname: "eth0", netns: "/run/netns/p" },
    args: { K8S_POD_NAMESPACE: "shop", K8S_POD_NAME: "web" },
    offered: cached.capabilityArgs,
    result: cached.result,
  });
});

test("another network's is none of ours", () => {
  expect(cachedPod(JSON.stringify(cached), "pods")).toBeNull();
});

test("an older libcni tells the namespace by the pod's interface alone", () => {
  const { netns: _, ...older } = cached;
  expect(cachedPod(JSON.stringify(older), "cbr0")).toMatchObject({ netns: "/run/netns/q" });
});

test.each([
  ["half a file", JSON.stringify(cached).slice(0, 20), "JSON"],
  ["an array", "[]", "no JSON object"],
  ["a number", "1", "no JSON object"],
  ["another kind", JSON.stringify({ ...cached, kind: "x" }), 'of kind "x"'],
  ["no container", JSON.stringify({ ...cached, containerId: 1 }), "lacks the container"],
  [
    "no namespace",
    JSON.stringify({ ...cached, netns: "", result: {} }),
    "does not tell the pod's namespace",
  ],
])("%s is refused", (_, text, says) => {
  expect(() => cachedPod(text, "cbr0")).toThrow(says);
});
