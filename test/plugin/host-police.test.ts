import { expect, test } from "bun:test";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

const ingress = (rate: string) => ({ annotations: { "fairway.dev/ingress-guarantee": rate } });
/** What is counted of so many Mbit/s of Ethernet frames in a second: at the least the payload of TCP over IPv6. */
const bytes = (megabits: number): number => Math.floor(((megabits * 1e6) / 8) * (1428 / 1514));
const policed = (node: TestNode): number =>
  Number(
    /limit rate over (\d+) bytes\/second/.exec(
      node.run("nft", "list", "chain", "inet", "fairway", "host-ingress"),
    )?.[1],
  );

test("what the host may receive follows what is promised to pods", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(node.pod("best-effort"));
    expect(policed(node)).toBe(bytes(400));
    const before = dumpNode(node.lab.node);
    node.add(a, ingress("100M"));
    expect(policed(node)).toBe(bytes(300));
    const result = node.add(b, {
      ...ingress("270M"),
      args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=b",
    });
    expect(policed(node)).toBe(bytes(30));
    expect(node.check(b, result).stdout).toBe("");
    expect(node.fairway("set", "shop/b", "ingress-guarantee=50M").code).toBe(0);
    expect(policed(node)).toBe(bytes(250));
    expect(node.check(b, result).stdout).toBe("");
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    node.del(b);
    node.del(a);
    expect(policed(node)).toBe(bytes(400));
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test("a limit that was taken out is noticed and mended", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const result = node.add(pod, ingress("100M"));
    node.run("nft", "flush", "chain", "inet", "fairway", "host-ingress");
    expect(String(node.check(pod, result).json.msg)).toContain("rules of chain host-ingress");
    expect(node.fairway("repair").code).toBe(0);
    expect(policed(node)).toBe(bytes(300));
  }));

test("off by a key", () =>
  withNode(
    (node) => {
      node.add(node.pod("a"), ingress("100M"));
      expect(node.run("nft", "list", "table", "inet", "fairway")).not.toContain("limit rate");
    },
    {
      uplink: {
        name: "uplink",
        egressCapacity: "400M",
        ingressCapacity: "400M",
        policeHost: false,
      },
    },
  ));
