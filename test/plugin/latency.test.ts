import { expect, test } from "bun:test";
import { withNode } from "../support/node.ts";

const asks = (egress: string, target: string) => ({
  annotations: { "fairway.dev/egress-guarantee": egress, "fairway.dev/latency-target": target },
});
const uplink = (capacity: string, gsoMaxSize?: number) => ({
  uplink: {
    name: "uplink",
    egressCapacity: capacity,
    ingressCapacity: capacity,
    ...(gsoMaxSize && { gsoMaxSize }),
  },
});

test("a target that the node cannot keep is refused, with the smallest that it could have and the arithmetic", () =>
  withNode(
    (node) => {
      const pod = node.pod("a");
      const refused = node.verb("ADD", pod, asks("10M", "50us"));
      expect(refused.json).toMatchObject({ code: 100 });
      const smallest =
        /smallest that it could have here is (\S+):/.exec(String(refused.json.msg))?.[1] ?? "";
      expect(refused.json.msg).toContain("bound");
      expect(refused.json.msg).toContain("100Mbit/s");
      expect(node.verb("ADD", pod, asks("10M", smallest)).code).toBe(0);
    },
    uplink("100M", 4_500),
  ));

test("the host's own units rule a target out, and the refusal names the key that makes them smaller", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const refused = node.verb("ADD", pod, asks("100M", "1ms"));
    expect(refused.json).toMatchObject({
      code: 100,
      msg: expect.stringContaining("gso_max_size of uplink"),
    });
    expect(refused.json.details).toContain("uplink.gsoMaxSize");
    const smaller = uplink("1G", 9_000);
    const result = node.add(pod, { ...asks("100M", "1ms"), config: smaller });
    expect(node.run("ip", "-d", "link", "show", "dev", "uplink")).toContain("gso_max_size 9000");
    // It is of the base: CHECK notices, repair mends.
    node.run("ip", "link", "set", "dev", "uplink", "gso_max_size", "65536");
    const checked = node.check(pod, result, { config: smaller });
    expect(checked.json.msg).toContain("interface uplink: gsoMaxBytes is 65536");
    expect(node.fairway("repair").code).toBe(0);
    expect(node.check(pod, result, { config: smaller }).code).toBe(0);
  }, uplink("1G")));

test("a later pod that would break an admitted target is refused, naming the victim; without it there is room", () =>
  withNode(
    (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a, {
        ...asks("100M", "600us"),
        args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart",
      });
      const refused = node.verb("ADD", b, asks("800M", "100ms"));
      expect(refused.json.code).toBe(100);
      expect(refused.json.msg).toMatch(/shop\/cart .* its target is 600us/);
      node.del(a);
      expect(node.verb("ADD", b, asks("800M", "100ms")).code).toBe(0);
    },
    uplink("1G", 9_000),
  ));

test("explain prints the bound as a sum that can be checked by hand, and status has it", () =>
  withNode(
    (node) => {
      node.add(node.pod("a"), asks("100M", "2ms"));
      const told = node.fairway(
        "explain",
        "--netns",
        node.pod("b").netns,
        "--annotation",
        "fairway.dev/egress-guarantee=50M",
        "--annotation",
        "fairway.dev/latency-target=3ms",
      ).stdout;
      const sum =
        /bound (\d+)us = \(own burst (\d+) B \+ other latency pods (\d+) B \+ largest unit in front (\d+) B.*\) \/ \(1Gbit\/s - 100Mbit\/s\) \+ TBF burst (\d+) B \/ wire 1Gbit\/s/.exec(
          told,
        );
      const [bound = 0, own = 0, others = 0, unit = 0, tbf = 0] = (sum ?? []).slice(1).map(Number);
      expect(bound).toBe(Math.ceil((8e6 * (own + others + unit)) / 900e6 + (8e6 * tbf) / 1e9));
      const { pods } = JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as {
        pods: { boundUs: number }[];
      };
      expect(pods[0]?.boundUs).toBeGreaterThan(0);
      expect(pods[0]?.boundUs).toBeLessThanOrEqual(2000);
    },
    uplink("1G", 9_000),
  ));
