/** What pods do with addresses all day, which has to go on while they are kept to their own. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  inNamespace,
  ipBatch,
  mustInNamespace,
  setSysctl,
} from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { withTraffic } from "../support/traffic.ts";

const service = "198.19.200.1";
const forMs = 5_000;

/** What kube-proxy does for a service with the pod a behind it, and portmap for a port of the host's. */
const translation = `
table ip test-services {
  chain pre {
    type nat hook prerouting priority -100;
    ip daddr ${service} tcp dport 80 dnat to 198.19.1.2:8080
    ip daddr ${addresses.nodeUplink} tcp dport 30080 dnat to 198.19.1.2:8080
  }
  chain post {
    type nat hook postrouting priority 90;
    ip saddr 198.19.1.2 ip daddr 198.19.1.2 masquerade
  }
}`;

function violationsOf(node: TestNode): (number | undefined)[] {
  const status = JSON.parse(node.fairway("status", "--json", "--no-measure").stdout) as {
    pods: { violations: { packets: number } | null }[];
  };
  return status.pods.map(({ violations }) => violations?.packets);
}

const reaches = (from: Pod, to: string): boolean =>
  inNamespace(from.namespace, ["ping", "-c", "1", "-W", "5", to]).code === 0;

test("a pod behind a service reaches itself and is reached, by the service and by a port of the host's", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    for (const pod of [a, b]) node.add(pod);
    mustInNamespace(node.lab.node, ["nft", "-f", "-"], { stdin: translation });
    // One after the other: a flow that fills the pod's queue would cost the next its first packets.
    for (const [from, host, port] of [
      [a.namespace, service, 80],
      [b.namespace, service, 80],
      [node.lab.remote, addresses.nodeUplink, 30_080],
    ] as const)
      await withTraffic(async (start) => {
        await start(a.namespace, { role: "tcp-sink", port: 8080, forMs, everyMs: forMs });
        // It says that it is ready once its connection stands.
        await start(from, { role: "tcp-source", host, port, flows: 1, forMs });
      });
    expect(violationsOf(node)).toEqual([0, 0]);
  }));

test("a pod that translates for others inside of it is one address to the outside", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    for (const pod of [a, b]) node.add(pod);
    const inner = node.pod("inner");
    ipBatch(a.namespace, [
      `link add name inner type veth peer name eth0 netns ${inner.namespace}`,
      "address add 198.19.50.1/24 dev inner",
      "link set dev inner up",
    ]);
    ipBatch(inner.namespace, [
      "address add 198.19.50.2/24 dev eth0",
      "link set dev eth0 up",
      "route add default via 198.19.50.1",
    ]);
    setSysctl(a.namespace, "net.ipv4.ip_forward", "1");
    const masquerade =
      "table ip t { chain c { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }";
    mustInNamespace(a.namespace, ["nft", "-f", "-"], { stdin: masquerade });
    expect(reaches(inner, "198.19.1.3")).toBe(true);
    expect(violationsOf(node)).toEqual([0, 0]);
    // Without translation it is an address that the pod does not have.
    mustInNamespace(a.namespace, ["nft", "flush", "ruleset"]);
    expect(inNamespace(inner.namespace, ["ping", "-c", "1", "-W", "1", "198.19.1.3"]).code).toBe(1);
    expect(violationsOf(node)[0]).toBeGreaterThan(0);
  }));

test("what a kernel sends by itself in a pod's first seconds is its own", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    for (const pod of [a, b]) node.add(pod);
    for (const to of ["198.19.1.3", "198.19.1.1", addresses.remote])
      expect(reaches(a, to)).toBe(true);
    // Duplicate detection, a router's solicitation, reports of multicast listening: within two seconds.
    await Bun.sleep(2_500);
    const local = mustInNamespace(b.namespace, [
      "ip",
      "-6",
      "-o",
      "address",
      "show",
      "dev",
      "eth0",
    ]);
    const [, address = ""] = /inet6 (fe80::\S+)\//.exec(local) ?? [];
    expect(reaches(a, `${address}%eth0`)).toBe(true);
    expect(violationsOf(node)).toEqual([0, 0]);
  }));

test("an annotation cannot switch it off, nor a network of the same node", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const asked = node.verb("ADD", pod, { annotations: { "fairway.dev/anti-spoof": "false" } });
    expect(asked.json).toMatchObject({ code: 7 });
    expect(asked.json.msg).toContain("fairway.dev/anti-spoof");
    node.add(pod);
    const other = { name: "others", antiSpoof: false, ipam: { subnet: "198.19.2.0/24" } };
    const refused = node.verb("ADD", node.pod("b"), { config: other });
    expect(refused.json).toMatchObject({ code: 7 });
    expect(refused.json.msg).toContain("antiSpoof is false in others and true in pods");
  }));

test("the conflist switches it off and on for pods that are there, at the next ADD", () =>
  withNode((node) => {
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    const guarded = (): boolean => node.run("nft", "list", "tables").includes("bridge fairway");
    const results = new Map([
      [a, node.add(a)],
      [b, node.add(b, { config: { antiSpoof: false } })],
    ]);
    const bothAreWhole = (): void => {
      for (const [pod, result] of results) expect(node.check(pod, result).stdout).toBe("");
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      expect(reaches(a, "198.19.1.3")).toBe(true);
    };
    expect(guarded()).toBe(false);
    bothAreWhole();

    node.add(c);
    expect(guarded()).toBe(true);
    bothAreWhole();
    expect(violationsOf(node)).toEqual([0, 0, 0]);

    // And what a pod has of it goes with the pod, whatever the configuration says then.
    node.del(a, { config: { antiSpoof: false } });
    expect(node.run("nft", "list", "table", "bridge", "fairway")).not.toContain("fwv10");
    for (const pod of [b, c]) node.del(pod);
    expect(node.run("nft", "list", "table", "bridge", "fairway")).not.toContain("fwv1");
  }));

/** What a version that did not know the key left: records without it, and nothing of it in the kernel. */
function forgetTheKey(node: TestNode): void {
  const ledger = new Database(join(node.dataDir, "ledger.db"));
  ledger.run("UPDATE networks SET base = json_remove(base, '$.antiSpoof')");
  ledger.close();
  node.run("nft", "delete", "table", "bridge", "fairway");
  for (const port of ["fwv10", "fwv11"])
    node.run("ip", "link", "set", "dev", port, "type", "bridge_slave", "group_fwd_mask", "0");
}

test("pods of a version that did not know the key are kept to their own by the next ADD, whatever network asks", () =>
  withNode((node) => {
    const other = { config: { name: "others", ipam: { subnet: "198.19.2.0/24" } } };
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    const results = [node.add(a), node.add(b, other)];
    forgetTheKey(node);
    expect(node.check(a, results[0] ?? {}).stdout).toBe("");
    expect(node.fairway("explain").stdout).toContain("nothing to do");

    node.add(c);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.check(b, results[1] ?? {}, other).stdout).toBe("");
    expect(reaches(b, "198.19.2.1")).toBe(true);
    expect(violationsOf(node)).toEqual([0, 0, 0]);
    node.del(b, other);
    expect(node.run("nft", "list", "table", "bridge", "fairway")).not.toContain("fwv11");
  }));
