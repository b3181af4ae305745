/** The operator's policy, as a pod's author meets it. */
import { expect, test } from "bun:test";
import { dumpNode } from "../support/dump.ts";
import { type AddOptions, withNode } from "../support/node.ts";

const settings = {
  tiers: { medium: { egressGuarantee: "50M" }, high: { egressGuarantee: "100M" }, usual: {} },
  defaultTier: "usual",
  policy: {
    default: {
      annotations: ["fairway.dev/tier", "fairway.dev/egress-guarantee"],
      tiers: ["medium"],
      maxEgressGuarantee: "60M",
      maxEgressLimit: "200M",
    },
    namespaces: { shop: { tiers: ["*"], maxEgressGuarantee: "100M" } },
  },
};
const of = (namespace: string): AddOptions => ({
  args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=cart`,
});
const guarantee = (rate: string) => ({ "fairway.dev/egress-guarantee": rate });

test.each<[string, AddOptions, string]>([
  [
    "a guarantee above its namespace's largest",
    { ...of("shop"), annotations: guarantee("100000001") },
    "policy.namespaces.shop.maxEgressGuarantee",
  ],
  [
    "a guarantee above the default's largest",
    { ...of("bank"), annotations: guarantee("100M") },
    "policy.default.maxEgressGuarantee",
  ],
  [
    "the default's rules without a namespace",
    { annotations: guarantee("100M") },
    "policy.default.maxEgressGuarantee",
  ],
  [
    "a tier",
    { ...of("bank"), annotations: { "fairway.dev/tier": "high" } },
    "policy.default.tiers",
  ],
  [
    "an annotation",
    { ...of("shop"), annotations: { "fairway.dev/latency-target": "1ms", ...guarantee("1M") } },
    "policy.default.annotations",
  ],
])("ADD refuses %s with code 112, names the rule, and leaves nothing", (_, options, rule) =>
  withNode((node) => {
    const before = dumpNode(node.lab.node);
    const refused = node.verb("ADD", node.pod("a"), options);
    expect(refused.json).toMatchObject({ code: 112, msg: expect.stringContaining(`(${rule} `) });
    expect(dumpNode(node.lab.node)).toBe(before);
  }, settings),
);

test("what a namespace may have it gets, and the largest limit where it has none", () =>
  withNode((node) => {
    node.add(node.pod("a"), { ...of("shop"), annotations: { "fairway.dev/tier": "high" } });
    const egress = node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10");
    expect(egress).toContain("rate 100Mbit ceil 200Mbit");
    expect(node.fairway("status").stdout).toContain(
      "shop/cart: policy.default.maxEgressLimit (200M) is the egress limit of pods without one",
    );
    // What ADD would be told, explain tells.
    const explain = (pod: string) =>
      node.fairway(
        ...["explain", "--netns", node.pod(pod.replace("/", "-")).netns, "--pod", pod],
        ...["--annotation", "fairway.dev/egress-guarantee=100M"],
      );
    expect(explain("shop/cart").code).toBe(0);
    expect(explain("bank/till")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "bank/till (pods/explained/eth0) asks for what the operator's policy does not allow: an egress guarantee of 100M (policy.default.maxEgressGuarantee allows at most 60M)",
      ),
    });
  }, settings));
