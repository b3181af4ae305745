import { expect, test } from "bun:test";
import { compose, followsKey, originalOf } from "../../src/chain/compose.ts";
import { readNetwork } from "../../src/chain/conf-text.ts";
import type { JsonObject } from "../../src/config/section.ts";

const plugin = { type: "fairway", capabilities: { bandwidth: true } };
const flannel = { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } };
const portmap = { type: "portmap", capabilities: { portMappings: true } };
const bandwidth = { type: "bandwidth", capabilities: { bandwidth: true } };

function composed(plugins: unknown[], over: JsonObject = {}, replacesBandwidth = false) {
  const read = readNetwork(
    "10-x.conflist",
    JSON.stringify({ cniVersion: "1.0.0", name: "cbr0", plugins, ...over }),
  );
  if ("fault" in read) throw new Error(read.fault);
  return compose(read.list, { plugin, replacesBandwidth }, "10-x.conflist");
}

const jsonOf = (value: ReturnType<typeof composed>): JsonObject => {
  if ("json" in value) return value.json;
  throw new Error(value.refusal.why);
};

test("the original's plugins in their order, then ours; all other keys stay", () => {
  const json = jsonOf(composed([flannel, portmap], { disableCheck: true, "x.dev/y": [1] }));
  expect(json).toEqual({
    cniVersion: "1.0.0",
    name: "cbr0",
    plugins: [flannel, portmap, plugin],
    disableCheck: true,
    "x.dev/y": [1],
    [followsKey]: "10-x.conflist",
  });
  expect(originalOf(json)).toBe("10-x.conflist");
});

test.each([
  ["it stays where we speak it", { cniVersion: "0.3.1" }, { cniVersion: "0.3.1" }],
  [
    "what we do not speak is not offered",
    { cniVersion: "0.4.0", cniVersions: ["0.2.0", "1.1.0", "1.2.0"] },
    { cniVersion: "0.4.0", cniVersions: ["1.1.0"] },
  ],
  [
    "a newer one with older ones beside it",
    { cniVersion: "1.2.0", cniVersions: ["0.4.0", "1.0.0", "1.2.0"] },
    { cniVersion: "1.0.0", cniVersions: ["0.4.0", "1.0.0"] },
  ],
])("versions: %s", (_, versions, wanted) => {
  expect(jsonOf(composed([flannel], versions))).toMatchObject(wanted);
});

test.each([
  ["a version that we do not speak", [flannel], { cniVersion: "1.2.0" }, '"1.2.0"'],
  ["no version", [flannel], { cniVersion: undefined }, "and Fairway speaks 0.3.0"],
  ["fairway in it", [flannel, { type: "fairway" }], {}, "it calls fairway already"],
  [
    "the reference bandwidth plugin",
    [flannel, bandwidth],
    {},
    "plugins[1] is the reference plugin",
  ],
  [
    "another that takes the capability",
    [{ type: "shape", capabilities: { bandwidth: true } }],
    {},
    'plugins[0], shape, asks for the capability "bandwidth"',
  ],
  ["Cilium", [{ type: "cilium-cni" }], {}, "it calls cilium-cni: Cilium's programs"],
  ["Cilium behind another", [{ type: "ptp" }, { type: "cilium-cni" }], {}, "it calls cilium-cni"],
  ["Multus", [{ type: "multus-shim" }], {}, "it only calls other networks"],
  ["macvlan", [{ type: "macvlan" }], {}, "no veth pair"],
  ["Kube-OVN", [{ type: "kube-ovn" }], {}, "Open vSwitch"],
])("%s is refused", (_, plugins, over, says) => {
  expect(composed(plugins, over)).toEqual({
    refusal: { why: expect.stringContaining(says), todo: expect.stringMatching(/./) },
  });
});

test("the reference bandwidth plugin is left out where that is asked for, and no other is", () => {
  const json = jsonOf(composed([flannel, bandwidth, portmap], {}, true));
  expect(json.plugins).toEqual([flannel, portmap, plugin]);
  const other = { type: "shape", capabilities: { bandwidth: true } };
  expect(composed([flannel, bandwidth, other], {}, true)).toHaveProperty("refusal");
});

test.each([
  ["null", null],
  ["a network of Fairway's own", { plugins: [plugin] }],
  ["the key alone", { [followsKey]: "a", plugins: [flannel] }],
  ["another kind of value", { [followsKey]: 1, plugins: [plugin] }],
])("%s is no copy of ours", (_, json) => {
  expect(originalOf(json)).toBeNull();
});
