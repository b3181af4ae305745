import { expect, test } from "bun:test";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type TestNode, withNode } from "../support/node.ts";

const bothFamilies = {
  ranges: [[{ subnet: addresses.podSubnet }], [{ subnet: addresses.podSubnet6 }]],
  routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
};

const hostClasses = {
  storage: { ports: [3260, 2049, 4420], egressGuarantee: "100M" },
  kubelet: { ports: [10250], egressGuarantee: "20M" },
};

const counted = (node: TestNode, id: string): number =>
  Number(
    /Sent \d+ bytes (\d+) pkt/.exec(
      node.run("tc", "-s", "class", "show", "dev", "uplink", "classid", id),
    )?.[1],
  );

/** One UDP datagram from a namespace, from and to these ports. */
function send(namespace: string, remote: string, sport: number, dport: number): void {
  const type = remote.includes(":") ? "udp6" : "udp4";
  const script = `const s = require("dgram").createSocket("${type}"); s.bind(${sport}, () => s.send("x", ${dport}, "${remote}", () => s.close()));`;
  mustInNamespace(namespace, [process.execPath, "-e", script]);
}

test.each([
  ["IPv4", addresses.remote],
  ["IPv6", addresses.remote6],
])("the host's own traffic over %s is in the class of its port, a pod's never is", (_, remote) =>
  withNode(
    (node) => {
      const pod = node.pod("a");
      node.add(pod);
      // By name: the kubelet's is 3, storage's 4.
      const count = () => ["fa01:2", "fa01:3", "fa01:4", "fa01:10"].map((id) => counted(node, id));
      // The first packets settle neighbours.
      mustInNamespace(node.lab.node, ["ping", "-c", "1", remote]);
      mustInNamespace(pod.namespace, ["ping", "-c", "1", remote]);
      const before = count();
      const since = () => count().map((n, i) => n - (before[i] ?? 0));
      send(node.lab.node, remote, 40_000, 3260);
      expect(since().slice(1)).toEqual([0, 1, 0]);
      send(node.lab.node, remote, 10_250, 40_000);
      expect(since().slice(1)).toEqual([1, 1, 0]);
      send(node.lab.node, remote, 40_000, 40_001);
      expect(since().slice(1)).toEqual([1, 1, 0]);
      send(pod.namespace, remote, 40_000, 3260);
      expect(since().slice(1)).toEqual([1, 1, 1]);
      expect(node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:4")).toContain(
        "rate 100Mbit",
      );
    },
    { hostClasses, ipam: bothFamilies },
  ),
);

test("what the host's classes hold is not free for pods, and is named as a holder", () =>
  withNode(
    (node) => {
      const refused = node.verb("ADD", node.pod("a"), {
        annotations: { "fairway.dev/egress-guarantee": "270M" },
      });
      expect(String(refused.json.msg)).toContain("260M is free");
      expect(String(refused.json.details)).toContain("host class storage 100M");
      expect(
        node.verb("ADD", node.pod("b"), { annotations: { "fairway.dev/egress-guarantee": "260M" } })
          .code,
      ).toBe(0);
    },
    { hostClasses },
  ));

test.each([
  [
    "a port in two classes",
    { a: { ports: [1], egressGuarantee: "1M" }, b: { ports: [1], egressGuarantee: "1M" } },
    /hostClasses\.b\.ports.*port 1/,
  ],
  ["no port", { a: { ports: [], egressGuarantee: "1M" } }, /hostClasses\.a\.ports/],
  [
    "a port that is none",
    { a: { ports: [70_000], egressGuarantee: "1M" } },
    /hostClasses\.a\.ports/,
  ],
  ["no guarantee", { a: { ports: [1] } }, /hostClasses\.a\.?.*egressGuarantee/],
  [
    "a guarantee of nothing",
    { a: { ports: [1], egressGuarantee: "0" } },
    /hostClasses\.a\.egressGuarantee/,
  ],
])("is refused: %s", (_, classes, says) =>
  withNode((node) => {
    const refused = node.verb("ADD", node.pod("a"), { config: { hostClasses: classes } });
    expect(refused.json.code).toBe(7);
    expect(String(refused.json.msg)).toMatch(says);
  }),
);

test("a class that is tampered with, and a port that is taken out, are noticed and mended", () =>
  withNode(
    (node) => {
      const pod = node.pod("a");
      const result = node.add(pod);
      node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:3");
      node.run("nft", "delete", "element", "inet", "fairway", "hostports", "{ 2049 }");
      const told = String(node.check(pod, result).json.msg);
      expect(told).toContain("class fa01:3 on uplink is missing");
      expect(told).toContain("element 2049 of hostports is missing");
      expect(node.fairway("repair").code).toBe(0);
      expect(node.check(pod, result).stdout).toBe("");
    },
    { hostClasses },
  ));
