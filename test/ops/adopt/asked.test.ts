import { expect, test } from "bun:test";
import { requestFor } from "../../../src/ops/adopt/asked.ts";
import type { CachedPod } from "../../../src/ops/adopt/cached.ts";

const key = "io.kubernetes.cri.pod-annotations";
const plugin = { type: "fairway", capabilities: { bandwidth: true, [key]: true } };
const standing = { network: "cbr0", plugin };

const pod = (offered: CachedPod["offered"]): CachedPod => ({
  ...{ containerId: "c1", ifname: "eth0", netns: "/run/netns/p", args: { K8S_POD_NAME: "web" } },
  ...{ offered, result: { cniVersion: "0.4.0", ips: [] } },
});

test("an ADD behind the chain: the result is the one before it, in its version", () => {
  const { config, ...request } = requestFor(pod({ [key]: { a: "b" }, ips: ["x"] }), standing, null);
  expect(config).toEqual({
    ...plugin,
    ...{ name: "cbr0", cniVersion: "0.4.0" },
    runtimeConfig: { [key]: { a: "b" } },
    prevResult: { cniVersion: "0.4.0", ips: [] },
  });
  expect(request).toMatchObject({
    ...{ verb: "ADD", containerId: "c1", ifname: "eth0", netns: "/run/netns/p" },
    args: { K8S_POD_NAME: "web" },
  });
});

test("what the runtime tells now goes before what it told then", () => {
  const known = new Map([["c1", { a: "now" }]]);
  const { config } = requestFor(pod({ [key]: { a: "then" } }), standing, known);
  expect(config.runtimeConfig).toEqual({ [key]: { a: "now" } });
});

test.each([
  ["the records do not tell", null, "is not in the runtime's records"],
  ["the runtime does not list it", new Map(), "lists no such sandbox"],
])("annotations that %s are not taken for none", (_, known, says) => {
  expect(() => requestFor(pod({}), standing, known)).toThrow(says);
});

test("a plugin that asks for no annotations needs none", () => {
  const { config } = requestFor(pod({}), { network: "cbr0", plugin: { type: "fairway" } }, null);
  expect(config.runtimeConfig).toEqual({});
});
