import { describe, expect, test } from "bun:test";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type TestNode, withNode } from "../support/node.ts";

const reaches = (from: string, to: string): boolean =>
  inNamespace(from, ["ping", "-c", "1", "-W", "2", to]).code === 0;

/** Bytes that a class has counted. */
function counted(node: TestNode, dev: string, classid: string): number {
  const text = node.run("tc", "-s", "class", "show", "dev", dev, "classid", classid);
  return Number(/Sent (\d+) bytes/.exec(text)?.[1] ?? Number.NaN);
}

describe("ADD", () => {
  test("gives the pod its interface, address and routes, and says so", () =>
    withNode((node) => {
      const pod = node.pod("a");
      const result = node.add(pod, { config: { cniVersion: "1.1.0", mtu: 1400 } });
      const [bridge, host, inPod] = result.interfaces as Record<string, unknown>[];
      expect(bridge).toEqual({ name: "fw0", mac: "0e:66:00:66:77:30", mtu: 1400 });
      expect(host).toEqual({ name: "fwv10", mac: "0e:58:00:00:00:10", mtu: 1400 });
      expect(inPod).toEqual({
        name: "eth0",
        mac: "0a:58:c6:13:01:02",
        mtu: 1400,
        sandbox: pod.netns,
      });
      expect(result.ips).toEqual([
        { interface: 2, address: "198.19.1.2/24", gateway: "198.19.1.1" },
      ]);
      expect(result.routes).toEqual([{ dst: "0.0.0.0/0", gw: "198.19.1.1" }]);
      const seen = mustInNamespace(pod.namespace, ["ip", "-o", "link", "show", "dev", "eth0"]);
      expect(seen).toContain("0a:58:c6:13:01:02");
      expect(seen).toContain("mtu 1400");
      expect(mustInNamespace(pod.namespace, ["ip", "route"])).toContain(
        "default via 198.19.1.1 dev eth0",
      );
    }));

  test.each(["0.3.0", "0.3.1", "0.4.0", "1.0.0"])("answers in version %s", (cniVersion) =>
    withNode((node) => {
      const result = node.add(node.pod("a"), { config: { cniVersion } });
      expect(result.cniVersion).toBe(cniVersion);
      const [ip] = result.ips as Record<string, unknown>[];
      expect(ip?.version).toBe(cniVersion.startsWith("0.") ? "4" : undefined);
      expect((result.interfaces as Record<string, unknown>[])[0]?.mtu).toBeUndefined();
    }),
  );

  test("pods reach each other, the gateway and the remote host, and are reached", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      node.add(b);
      for (const to of ["198.19.1.1", "198.19.1.3", addresses.remote])
        expect(reaches(a.namespace, to)).toBe(true);
      expect(reaches(node.lab.remote, "198.19.1.2")).toBe(true);
      expect(reaches(node.lab.node, "198.19.1.3")).toBe(true);
    }));

  test("counts what crosses the uplink in the pod's classes, and pod to pod in neither tree", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      node.add(b);
      const count = () => [counted(node, "uplink", "fa01:10"), counted(node, "fw0", "fa01:10")];
      expect(count()).toEqual([0, 0]);
      expect(reaches(a.namespace, "198.19.1.3")).toBe(true);
      expect(count()).toEqual([0, 0]);
      expect(reaches(a.namespace, addresses.remote)).toBe(true);
      // An ICMP echo of 56 bytes: 8 + 20 + 14 more, in each direction.
      expect(count()).toEqual([98, 98]);
      // The other pod's classes have seen nothing of it.
      expect(counted(node, "uplink", "fa01:11")).toBe(0);
    }));

  test("a service that leads to a pod of the same node, and to the caller itself, answers", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      node.add(b);
      // What kube-proxy does: translate a service's address, and masquerade who calls itself.
      node.run("nft", "add table ip service");
      node.run("nft", "add chain ip service pre { type nat hook prerouting priority dstnat; }");
      node.run("nft", "add chain ip service post { type nat hook postrouting priority srcnat; }");
      node.run("nft", "add rule ip service pre ip daddr 198.18.9.1 dnat to 198.19.1.3");
      node.run("nft", "add rule ip service pre ip daddr 198.18.9.2 dnat to 198.19.1.2");
      node.run(
        "nft",
        "add rule ip service post ip saddr 198.19.1.2 ip daddr 198.19.1.2 masquerade",
      );
      expect(reaches(a.namespace, "198.18.9.1")).toBe(true);
      expect(reaches(a.namespace, "198.18.9.2")).toBe(true);
    }));

  test.each([
    ["masquerades what leaves the node", [], 0],
    ["keeps the pod's address towards ipMasqExcept", ["198.18.0.0/24"], 1],
  ])("%s", (_, ipMasqExcept, seen) =>
    withNode(
      (node) => {
        const pod = node.pod("a");
        node.add(pod);
        // The remote host tells which source it saw: only a pod's own address hits this counter.
        mustInNamespace(node.lab.remote, ["nft", "add table ip see"]);
        mustInNamespace(node.lab.remote, [
          "nft",
          "add chain ip see in { type filter hook input priority 0; }",
        ]);
        mustInNamespace(node.lab.remote, ["nft", "add rule ip see in ip saddr 198.19.1.2 counter"]);
        expect(reaches(pod.namespace, addresses.remote)).toBe(true);
        const table = mustInNamespace(node.lab.remote, ["nft", "list", "table", "ip", "see"]);
        expect(table).toContain(`counter packets ${seen} `);
      },
      { ipMasq: true, ipMasqExcept },
    ),
  );

  test("puts the promise into both trees", () =>
    withNode((node) => {
      node.add(node.pod("a"), {
        annotations: {
          "fairway.dev/egress-guarantee": "120M",
          "fairway.dev/latency-target": "2ms",
          "fairway.dev/ingress-guarantee": "50M",
          "kubernetes.io/ingress-bandwidth": "50M",
        },
      });
      const egress = node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10");
      expect(egress).toContain("prio 0 rate 120Mbit ceil 120Mbit");
      const ingress = node.run("tc", "class", "show", "dev", "fw0", "classid", "fa01:10");
      expect(ingress).toContain("prio 0 rate 50Mbit ceil 50Mbit");
      node.add(node.pod("b"), {
        runtimeConfig: {
          bandwidth: {
            IngressRate: 0,
            IngressBurst: 0,
            EgressRate: 7_000_000,
            EgressBurst: 4294967295,
          },
        },
      });
      const limited = node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:11");
      expect(limited).toContain("prio 1 rate 8Kbit ceil 7Mbit");
    }));

  test("gives a requested address, and the MAC that the runtime asks for", () =>
    withNode((node) => {
      const result = node.add(node.pod("a"), {
        runtimeConfig: { ips: ["198.19.1.77"], mac: "02:aa:bb:cc:dd:ee" },
      });
      expect((result.ips as Record<string, unknown>[])[0]?.address).toBe("198.19.1.77/24");
      expect((result.interfaces as Record<string, unknown>[])[2]?.mac).toBe("02:aa:bb:cc:dd:ee");
      const byArgs = node.add(node.pod("b"), {
        args: "IgnoreUnknown=1;IP=198.19.1.99;K8S_POD_NAME=b",
      });
      expect((byArgs.ips as Record<string, unknown>[])[0]?.address).toBe("198.19.1.99/24");
      const taken = node.verb("ADD", node.pod("c"), { runtimeConfig: { ips: ["198.19.1.77"] } });
      expect(taken.json).toMatchObject({ code: 102 });
      expect(taken.json.msg).toContain("198.19.1.77");
    }));
});
