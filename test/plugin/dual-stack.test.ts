/** Two range sets, one address of each: what a pod gets, whom it reaches, and where its packets are counted. */
import { describe, expect, test } from "bun:test";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses, devices } from "../../src/prove/lab/wire.ts";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

const ranges = [[{ subnet: "198.19.1.0/24" }], [{ subnet: addresses.podSubnet6 }]];
const routes = [{ dst: "0.0.0.0/0" }, { dst: "::/0" }];
const dual = { ipam: { ranges, routes } };
const only6 = { ipam: { subnet: addresses.podSubnet6, routes: [{ dst: "::/0" }] } };
const prefix6 = addresses.podSubnet6.split("::")[0];
const six = (n: number): string => `${prefix6}::${n}`;

const reaches = (from: string, to: string): boolean =>
  inNamespace(from, ["ping", "-n", "-c", "1", "-W", "2", to]).code === 0;

/** Bytes that a class has counted. */
function counted(node: TestNode, dev: string, classid: string): number {
  const text = node.run("tc", "-s", "class", "show", "dev", dev, "classid", classid);
  return Number(/Sent (\d+) bytes/.exec(text)?.[1] ?? Number.NaN);
}

const setting = (namespace: string, path: string): string =>
  mustInNamespace(namespace, ["cat", `/proc/sys/net/ipv6/conf/${path}`]).trim();

describe("a dual-stack pod", () => {
  test("gets an address, a gateway and a route of each family, and says so", () =>
    withNode((node) => {
      const pod = node.pod("a");
      const result = node.add(pod);
      expect(result.ips).toEqual([
        { interface: 2, address: "198.19.1.2/24", gateway: "198.19.1.1" },
        { interface: 2, address: `${six(2)}/64`, gateway: six(1) },
      ]);
      expect(result.routes).toEqual([
        { dst: "0.0.0.0/0", gw: "198.19.1.1" },
        { dst: "::/0", gw: six(1) },
      ]);
      expect(mustInNamespace(pod.namespace, ["ip", "-6", "route"])).toContain(
        `default via ${six(1)} dev eth0`,
      );
      expect(node.run("ip", "-6", "address", "show", "dev", "fw0")).toContain(`${six(1)}/64`);
    }, dual));

  test("has its address at once: nothing is tentative, and no router is listened to", () =>
    withNode((node) => {
      const pod = node.pod("a");
      node.add(pod);
      const shown = mustInNamespace(pod.namespace, ["ip", "-6", "address", "show", "dev", "eth0"]);
      expect(shown).toContain(`${six(2)}/64`);
      expect(shown).not.toContain("tentative");
      expect(node.run("ip", "-6", "address", "show", "dev", "fw0")).not.toContain("tentative");
      // A node without a link-local address of its own would ask for no neighbour.
      expect(node.run("ip", "-6", "address", "show", "dev", "fw0")).toContain("inet6 fe80:");
      expect(reaches(node.lab.remote, six(2))).toBe(true);
      expect(setting(pod.namespace, "eth0/accept_ra")).toBe("0");
      expect(setting(node.lab.node, "fw0/accept_ra")).toBe("0");
    }, dual));

  test("has IPv6 where the runtime made a namespace without", () =>
    withNode((node) => {
      const pod = node.pod("a");
      for (const scope of ["all", "default"])
        mustInNamespace(pod.namespace, ["sysctl", "-qw", `net.ipv6.conf.${scope}.disable_ipv6=1`]);
      node.add(pod);
      expect(reaches(pod.namespace, six(1))).toBe(true);
    }, dual));

  test("reaches pods, the gateway and the remote host over both families, and is reached", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      node.add(b);
      for (const to of ["198.19.1.1", "198.19.1.3", addresses.remote])
        expect(reaches(a.namespace, to)).toBe(true);
      for (const to of [six(1), six(3), addresses.remote6])
        expect(reaches(a.namespace, to)).toBe(true);
      for (const to of ["198.19.1.2", six(2)]) {
        expect(reaches(node.lab.remote, to)).toBe(true);
        expect(reaches(node.lab.node, to)).toBe(true);
      }
    }, dual));

  test("is counted in one class of each tree, whatever the family; pod to pod in neither", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      node.add(b);
      const count = () => [counted(node, "uplink", "fa01:10"), counted(node, "fw0", "fa01:10")];
      expect(reaches(a.namespace, six(3))).toBe(true);
      expect(reaches(node.lab.node, six(2))).toBe(true);
      expect(count()).toEqual([0, 0]);
      expect(reaches(a.namespace, addresses.remote6)).toBe(true);
      // An ICMPv6 echo of 56 bytes: 8 + 40 + 14 more, in each direction.
      expect(count()).toEqual([118, 118]);
      expect(reaches(a.namespace, addresses.remote)).toBe(true);
      expect(count()).toEqual([118 + 98, 118 + 98]);
      expect(counted(node, "uplink", "fa01:11")).toBe(0);
    }, dual));

  test("leaves nothing behind, and frees both addresses", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a);
      const before = dumpNode(node.lab.node);
      node.add(b);
      expect(node.run("nft", "list", "map", "inet", "fairway", "class6")).toContain(six(3));
      node.del(b);
      expect(dumpNode(node.lab.node)).toBe(before);
      const again = node.add(b, { runtimeConfig: { ips: ["198.19.1.3", six(3)] } });
      expect((again.ips as unknown[]).length).toBe(2);
    }, dual));

  test("is freed by GC, both addresses", () =>
    withNode((node) => {
      const pod = node.pod("a");
      node.add(pod);
      const gc = node.verb("GC", pod, {
        config: { cniVersion: "1.1.0", "cni.dev/valid-attachments": [] },
      });
      expect(gc.code).toBe(0);
      expect(node.run("nft", "list", "map", "inet", "fairway", "class6")).not.toContain(six(2));
      const wanted = node.pod("b");
      const result = node.add(wanted, { runtimeConfig: { ips: ["198.19.1.2", six(2)] } });
      expect(result.ips).toMatchObject([{ address: "198.19.1.2/24" }, { address: `${six(2)}/64` }]);
    }, dual));

  test.each(["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])("answers in version %s", (cniVersion) =>
    withNode((node) => {
      const result = node.add(node.pod("a"), { config: { cniVersion } });
      const versions = (result.ips as Record<string, unknown>[]).map((ip) => ip.version);
      expect(versions).toEqual(cniVersion.startsWith("0.") ? ["4", "6"] : [undefined, undefined]);
    }, dual),
  );
});

describe("a pod of IPv6 alone", () => {
  test("on a node whose only default route is IPv6 has all that it needs", () =>
    withNode(
      (node) => {
        node.run("ip", "-4", "route", "del", "default");
        const [a, b] = [node.pod("a"), node.pod("b")];
        const result = node.add(a, {
          config: { uplink: { egressCapacity: "400M", ingressCapacity: "400M" } },
        });
        node.add(b, { config: { uplink: { egressCapacity: "400M", ingressCapacity: "400M" } } });
        expect(result.ips).toEqual([{ interface: 2, address: `${six(2)}/64`, gateway: six(1) }]);
        expect((result.interfaces as { mac: string }[])[2]?.mac).toMatch(/^0a:59:/);
        for (const to of [six(1), six(3), addresses.remote6])
          expect(reaches(a.namespace, to)).toBe(true);
        expect(
          node.check(a, result, {
            config: { uplink: { egressCapacity: "400M", ingressCapacity: "400M" } },
          }),
        ).toMatchObject({ code: 0, stdout: "" });
        node.del(a);
      },
      { ...only6, uplink: { egressCapacity: "400M", ingressCapacity: "400M" } },
    ));
});

describe("requested addresses", () => {
  test.each<[string, object, string[]]>([
    [
      "one of each set, in any order",
      { runtimeConfig: { ips: [`${six(9)}/64`, "198.19.1.9/24"] } },
      ["198.19.1.9", six(9)],
    ],
    ["of one set only", { runtimeConfig: { ips: [six(9)] } }, ["198.19.1.2", six(9)]],
    [
      "by args.cni.ips",
      { config: { args: { cni: { ips: ["198.19.1.9", six(9)] } } } },
      ["198.19.1.9", six(9)],
    ],
    ["by CNI_ARGS", { args: `IP=198.19.1.9,${six(9)}` }, ["198.19.1.9", six(9)]],
    [
      "written in another way",
      { runtimeConfig: { ips: [`${prefix6?.toUpperCase()}:0:0:0:0:9`] } },
      ["198.19.1.2", six(9)],
    ],
  ])("%s", (_, options, expected) =>
    withNode((node) => {
      const result = node.add(node.pod("a"), options);
      expect((result.ips as { address: string }[]).map((ip) => ip.address.split("/")[0])).toEqual(
        expected,
      );
    }, dual),
  );

  test.each<[string, string[], number, RegExp]>([
    ["two of one set", [six(8), six(9)], 7, /one range set/],
    ["of no set", ["fd00:dead::1"], 7, /no range/],
    ["the gateway", [six(1)], 7, /no range/],
  ])("%s is refused", (_, ips, code, says) =>
    withNode((node) => {
      const before = dumpNode(node.lab.node);
      const refused = node.verb("ADD", node.pod("a"), { runtimeConfig: { ips } });
      expect(refused.json.code).toBe(code);
      expect(String(refused.json.msg)).toMatch(says);
      expect(dumpNode(node.lab.node)).toBe(before);
    }, dual),
  );

  test("one that is taken", () =>
    withNode((node) => {
      node.add(node.pod("a"), { runtimeConfig: { ips: [six(9)] } });
      const refused = node.verb("ADD", node.pod("b"), { runtimeConfig: { ips: [six(9)] } });
      expect(refused.json).toMatchObject({ code: 102 });
      // Nothing of the other family was taken meanwhile.
      expect(node.add(node.pod("c")).ips).toMatchObject([{ address: "198.19.1.3/24" }, {}]);
    }, dual));
});

describe("masquerade", () => {
  test.each<[string, string[], number]>([
    ["of IPv6, too", [], 0],
    ["not towards ipMasqExcept", [addresses.uplinkSubnet6], 1],
    ["of IPv4 alone", ["::/0"], 1],
  ])("%s", (_, ipMasqExcept, seen) =>
    withNode(
      (node) => {
        const pod = node.pod("a");
        const result = node.add(pod);
        for (const line of [
          "add table ip6 see",
          "add chain ip6 see in { type filter hook input priority 0; }",
          `add rule ip6 see in ip6 saddr ${six(2)} counter`,
        ])
          mustInNamespace(node.lab.remote, ["nft", line]);
        expect(reaches(pod.namespace, addresses.remote6)).toBe(true);
        const table = mustInNamespace(node.lab.remote, ["nft", "list", "table", "ip6", "see"]);
        expect(table).toContain(`counter packets ${seen} `);
        expect(node.check(pod, result).stdout).toBe("");
      },
      { ...dual, ipMasq: true, ipMasqExcept },
    ),
  );
});

describe("routes with all that CNI 1.1.0 gives them", () => {
  const full = {
    ipam: {
      ranges,
      routes: [
        { dst: "0.0.0.0/0", mtu: 1400, advmss: 1300, priority: 7 },
        { dst: "198.18.7.0/24", gw: "198.19.1.9", table: 100 },
        { dst: "198.18.8.0/24", scope: 253 },
        { dst: "::/0", mtu: 1380, advmss: 1290, priority: 9 },
        { dst: "fd00:7::/64", table: 1000 },
        { dst: "fd00:8::/64", scope: 253 },
      ],
    },
  };

  test("are the pod's, and stand in the result", () =>
    withNode((node) => {
      const pod = node.pod("a");
      const result = node.add(pod, { config: { cniVersion: "1.1.0" } });
      expect(result.routes).toEqual([
        { dst: "0.0.0.0/0", gw: "198.19.1.1", mtu: 1400, advmss: 1300, priority: 7 },
        { dst: "198.18.7.0/24", gw: "198.19.1.9", table: 100 },
        { dst: "198.18.8.0/24", scope: 253 },
        { dst: "::/0", gw: six(1), mtu: 1380, advmss: 1290, priority: 9 },
        { dst: "fd00:7::/64", gw: six(1), table: 1000 },
        { dst: "fd00:8::/64", scope: 253 },
      ]);
      const shown = (...args: string[]) => mustInNamespace(pod.namespace, ["ip", ...args]);
      expect(shown("-4", "route")).toContain(
        "default via 198.19.1.1 dev eth0 metric 7 mtu 1400 advmss 1300",
      );
      expect(shown("-4", "route", "show", "table", "100")).toContain(
        "198.18.7.0/24 via 198.19.1.9",
      );
      expect(shown("-4", "route")).toContain("198.18.8.0/24 dev eth0 scope link");
      expect(shown("-6", "route")).toMatch(
        /default via \S+ dev eth0 metric 9 mtu 1380 advmss 1290/,
      );
      expect(shown("-6", "route", "show", "table", "1000")).toContain("fd00:7::/64 via");
      expect(shown("-6", "route")).toContain("fd00:8::/64 dev eth0 metric 1024");
      expect(node.check(pod, result, { config: { cniVersion: "1.1.0" } }).stdout).toBe("");
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }, full));

  test("older results have none of the fields", () =>
    withNode((node) => {
      const { routes: found } = node.add(node.pod("a"));
      for (const route of found as object[])
        expect(Object.keys(route).filter((key) => key !== "dst" && key !== "gw")).toEqual([]);
    }, full));
});

describe("the node", () => {
  test("forwards IPv6, and its uplink goes on accepting router advertisements as before", () =>
    withNode((node) => {
      expect(setting(node.lab.node, "uplink/accept_ra")).toBe("1");
      node.add(node.pod("a"));
      expect(setting(node.lab.node, "all/forwarding")).toBe("1");
      expect(setting(node.lab.node, "uplink/accept_ra")).toBe("2");
    }, dual));

  test.each<[string, string, string]>([
    ["that accepts none goes on so", "net.ipv6.conf.uplink.accept_ra=0", "0"],
    [
      "that forwards already, and so accepts none, goes on so",
      "net.ipv6.conf.all.forwarding=1",
      "1",
    ],
  ])("%s", (_, before, after) =>
    withNode((node) => {
      node.run("sysctl", "-qw", before);
      const pod = node.pod("a");
      const result = node.add(pod);
      expect(setting(node.lab.node, "uplink/accept_ra")).toBe(after);
      expect(node.check(pod, result).stdout).toBe("");
    }, dual),
  );

  test("of pods with IPv4 alone does not forward IPv6", () =>
    withNode((node) => {
      node.add(node.pod("a"));
      expect(setting(node.lab.node, "all/forwarding")).toBe("0");
      expect(setting(node.lab.node, "uplink/accept_ra")).toBe("1");
    }));

  test("has the host's own IPv6 in the host's classes", () =>
    withNode((node) => {
      node.add(node.pod("a"));
      const before = counted(node, devices.uplink, "fa01:2");
      expect(reaches(node.lab.node, addresses.remote6)).toBe(true);
      expect(counted(node, devices.uplink, "fa01:2") - before).toBeGreaterThanOrEqual(118);
    }, dual));
});

test("status, explain and doctor show both families, and how full each range set is", () =>
  withNode((node) => {
    const pod = node.pod("a");
    node.add(pod);
    const status = JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as {
      pods: unknown[];
      pools: unknown[];
    };
    expect(status.pods).toMatchObject([{ addresses: ["198.19.1.2", six(2)] }]);
    expect(status.pools).toEqual([
      { network: "pods", setIndex: 0, ranges: "198.19.1.2-198.19.1.254", given: 1, total: "253" },
      {
        network: "pods",
        setIndex: 1,
        ranges: `${six(2)}-${prefix6}:0:ffff:ffff:ffff:ffff`,
        given: 1,
        total: String(2n ** 64n - 2n),
      },
    ]);
    const text = node.fairway("status", "--no-measure", "--wide").stdout;
    expect(text).toContain(`198.19.1.2,${six(2)}`);
    expect(text).toContain("1 of 253");
    const explained = node.fairway("explain", "--netns", node.pod("b").netns).stdout;
    for (const line of [
      `198.19.1.3, ${six(3)}`,
      "nodad",
      "net.ipv6.conf.eth0.accept_ra=0",
      "class6",
    ])
      expect(explained).toContain(line);
    const doctor = node.fairway("doctor").stdout;
    expect(doctor).toContain("1 of 253 addresses given");
    expect(doctor).toContain("sysctl.net.ipv6.conf.all.forwarding");
  }, dual));

test("a pool of either family that is exhausted is named, by ADD and by STATUS", () =>
  withNode(
    (node) => {
      node.add(node.pod("a"));
      const refused = node.verb("ADD", node.pod("b"));
      expect(refused.json).toMatchObject({ code: 101 });
      expect(String(refused.json.msg)).toContain(`${six(2)}-${six(2)}`);
      expect(String(refused.json.msg)).toContain("all 1 are given");
      const status = node.verb("STATUS", node.pod("c"), { config: { cniVersion: "1.1.0" } });
      expect(status.json).toMatchObject({ code: 50 });
      expect(String(status.json.msg)).toContain(`${six(2)}-${six(2)}`);
    },
    {
      ipam: {
        ranges: [
          [{ subnet: "198.19.1.0/24" }],
          [{ subnet: addresses.podSubnet6, rangeEnd: six(2) }],
        ],
        routes,
      },
    },
  ));
