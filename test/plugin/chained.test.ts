/** Fairway after the plugin that makes the pod's interface: the reference bridge, and ptp, which routes. */
import { describe, expect, test } from "bun:test";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type Chain, type ChainKind, chainKinds, chainOn } from "../support/chain.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { giveSizes, sizesOf } from "../support/gso.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { hasReference } from "../support/reference.ts";
import { spoilers } from "../support/spoilers.ts";

type Json = Record<string, unknown>;

const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/ingress-guarantee": "100M",
};

interface World {
  node: TestNode;
  chain: Chain;
  kind: ChainKind;
}

const withChain = (kind: ChainKind, use: (world: World) => void, ipv6 = false): Promise<void> =>
  withNode((node) => use({ node, kind, chain: chainOn(node, kind, { ipv6 }) }));

const unable = !hasReference("bridge", "ptp", "host-local");

/** The bytes that a pod's class has counted. */
function counted({ node }: World, dev: string, classid = "fa01:10"): number {
  const shown = mustInNamespace(node.lab.node, ["tc", "-s", "class", "show", "dev", dev]);
  const own = shown.split("class htb ").find((text) => text.startsWith(`${classid} `));
  return Number(/Sent (\d+) bytes/.exec(own ?? "")?.[1]);
}

/** All bytes that have passed a device's root. */
function passed({ node }: World, dev: string): number {
  const shown = JSON.parse(
    mustInNamespace(node.lab.node, ["tc", "-s", "-j", "qdisc", "show", "dev", dev, "root"]),
  ) as { bytes: number }[];
  return shown[0]?.bytes ?? Number.NaN;
}

function addressOf(result: Json, family: 4 | 6 = 4): string {
  const { ips } = result as { ips: { address: string }[] };
  const found = ips.find(({ address }) => address.includes(":") === (family === 6));
  return found?.address.split("/")[0] ?? "none";
}

const ping = (namespace: string, address: string): void =>
  void mustInNamespace(namespace, ["ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", address]);

const hostEnd = ({ kind }: World, result: Json): string => {
  const { interfaces } = result as { interfaces: { name: string; sandbox?: string }[] };
  const host = interfaces.filter(({ sandbox, name }) => !sandbox && name !== kind.ingress);
  return host[0]?.name ?? "none";
};

for (const kind of chainKinds)
  describe.skipIf(unable)(`after ${kind.plugin} (needs Go)`, () => {
    test("ADD passes the result on, CHECK agrees, DEL leaves what stood there before", () =>
      withChain(kind, (world) => {
        const { node, chain } = world;
        const pod = node.pod("a");
        const prevResult = chain.first(pod);
        const added = chain.add(pod, prevResult, { annotations: promise });
        expect(added).toMatchObject({ code: 0, json: prevResult });
        expect(Object.keys(added.json)).toEqual(Object.keys(prevResult));
        expect(chain.check(pod, prevResult)).toMatchObject({ code: 0, stdout: "" });
        expect(node.fairway("explain").stdout).toContain("nothing to do");
        expect(node.fairway("status", "--interval", "100ms")).toMatchObject({ code: 0 });
        expect(node.fairway("explain", "--netns", node.pod("b").netns)).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("are another plugin's, and only its ADD makes them"),
        });
        expect(chain.del(pod)).toMatchObject({ code: 0 });
        // What an ADD and a DEL leave is the base; with that there, they leave nothing.
        const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
        expect(chain.add(pod, prevResult, { annotations: promise }).code).toBe(0);
        expect(dumpPod(pod.namespace)).not.toBe(before[1]);
        expect(chain.del(pod)).toMatchObject({ code: 0 });
        expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
        expect(chain.del(pod)).toMatchObject({ code: 0 });
        expect(chain.last(pod).code).toBe(0);
        expect(chain.del(pod)).toMatchObject({ code: 0 });
      }));

    test("uninstall puts the node back, byte for byte", () =>
      withChain(kind, (world) => {
        const { node, chain } = world;
        const pod = node.pod("a");
        const prevResult = chain.first(pod);
        const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
        expect(chain.add(pod, prevResult).code).toBe(0);
        expect(dumpNode(node.lab.node)).not.toBe(before[0]);
        const done = node.fairway("uninstall", "--force");
        expect(done).toMatchObject({ code: 0 });
        expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
      }));

    test("from and to the outside there is a class, on the node there is none, in both families", () =>
      withChain(
        kind,
        (world) => {
          const { node, chain } = world;
          const [a, b] = [node.pod("a"), node.pod("b")];
          const [resultA, resultB] = [chain.first(a), chain.first(b)];
          expect(chain.add(a, resultA, { annotations: promise }).code).toBe(0);
          expect(chain.add(b, resultB).code).toBe(0);
          for (const family of [4, 6] as const) {
            const route = family === 4 ? "198.19.7.0/24" : "fd00:198:19:7::/64";
            const via = family === 4 ? addresses.nodeUplink : addresses.nodeUplink6;
            mustInNamespace(node.lab.remote, ["ip", "route", "add", route, "via", via]);
            if (family === 6)
              mustInNamespace(node.lab.node, ["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"]);
            const own = addressOf(resultA, family);
            const remote = family === 4 ? addresses.remote : addresses.remote6;
            const seen = { out: counted(world, "uplink"), in: counted(world, kind.ingress) };
            ping(a.namespace, remote);
            ping(node.lab.remote, own);
            expect(counted(world, "uplink") - seen.out).toBeGreaterThanOrEqual(6 * 98);
            expect(counted(world, kind.ingress) - seen.in).toBeGreaterThanOrEqual(6 * 98);
            const class10 = counted(world, kind.ingress);
            const all = passed(world, kind.ingress);
            ping(a.namespace, addressOf(resultB, family));
            ping(node.lab.node, own);
            expect(counted(world, kind.ingress)).toBe(class10);
            expect(counted(world, kind.ingress, "fa01:11")).toBe(0);
            // A bridge device sends what the host itself says through its own root.
            if (kind.plugin === "ptp") expect(passed(world, kind.ingress)).toBe(all);
          }
        },
        true,
      ));

    const tamperings: [string, (world: World, pod: Pod, host: string) => string, string][] = [
      [
        "an egress class",
        () => "tc class del dev uplink classid fa01:10",
        "class fa01:10 on uplink",
      ],
      [
        "an ingress class",
        () => `tc class del dev ${kind.ingress} classid fa01:10`,
        `class fa01:10 on ${kind.ingress}`,
      ],
      [
        "the ingress tree",
        () => `tc qdisc del dev ${kind.ingress} root`,
        `root qdisc of ${kind.ingress}`,
      ],
      [
        "the element of the map",
        (_, __) => "nft delete element inet fairway class4 { 198.19.7.2 }",
        "element 198.19.7.2 of class4",
      ],
      [
        "the pod's GSO size",
        (_, pod) => `ip -n ${pod.namespace} link set dev eth0 gso_max_size 65536`,
        "pod interface eth0: gsoMaxBytes is 65536",
      ],
    ];
    if (kind.plugin === "ptp")
      tamperings.push(
        ["the IFB", () => "ip link del dev fwifb", "IFB fwifb is missing"],
        ["the IFB down", () => "ip link set dev fwifb down", "IFB fwifb: up is false"],
        [
          "the filter",
          (_, __, host) => `tc filter del dev ${host} egress pref 64001`,
          "to the ingress tree is missing",
        ],
        [
          "the filter's target",
          (_, __, host) =>
            `tc filter replace dev ${host} egress pref 64001 handle 1 protocol all bpf bytecode 1,6,0,0,0 action mirred egress redirect dev lo`,
          "to is none, should be fwifb",
        ],
        ["the hook", (_, __, host) => `tc qdisc del dev ${host} clsact`, "clsact qdisc of"],
        [
          "the element of the ports",
          (_, __, host) => `nft delete element inet fairway podports { "${host}" }`,
          "of podports is missing",
        ],
        [
          "the chain that marks",
          () => "nft flush chain inet fairway mark-ingress",
          "rules of chain mark-ingress",
        ],
      );
    test("what is broken CHECK names, and repair mends", () =>
      withChain(kind, (world) => {
        const { node, chain } = world;
        const pod = node.pod("a");
        const prevResult = chain.first(pod);
        expect(chain.add(pod, prevResult, { annotations: promise }).code).toBe(0);
        const whole = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
        for (const [title, command, names] of tamperings) {
          const argv = command(world, pod, hostEnd(world, prevResult)).split(" ");
          // tc takes the program as one argument.
          mustInNamespace(
            node.lab.node,
            argv.map((a) => (a === "1,6,0,0,0" ? "1,6 0 0 0" : a)),
          );
          const found = chain.check(pod, prevResult);
          expect([title, found.json.code]).toEqual([title, 109]);
          expect(String(found.json.msg)).toContain(names);
          expect([title, node.fairway("repair").code]).toEqual([title, 0]);
          expect([title, node.fairway("explain").stdout]).toEqual([
            title,
            expect.stringContaining("nothing to do"),
          ]);
          expect(chain.check(pod, prevResult)).toMatchObject({ code: 0 });
          expect([title, dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual([
            title,
            ...whole,
          ]);
        }
      }));

    test("each line of an ADD fails in turn: nothing of the pod is left", () =>
      withChain(kind, ({ node, chain }) => {
        const [a, b] = [node.pod("a"), node.pod("b")];
        const [resultA, resultB] = [chain.first(a), chain.first(b)];
        expect(chain.add(a, resultA).code).toBe(0);
        const before = [dumpNode(node.lab.node), dumpPod(b.namespace)];
        const tools = spoilers(node);
        const env = { PATH: tools.path, FAIRWAY_BACKEND: "exec" };
        let failed = 0;
        for (let k = 1; ; k++) {
          tools.failAt(k);
          if (chain.add(b, resultB, { env }).code === 0) break;
          failed++;
          expect([k, dumpNode(node.lab.node), dumpPod(b.namespace)]).toEqual([k, ...before]);
          expect(chain.check(b, resultB).json.code).toBe(3);
        }
        // Two classes, two queues, an element, the GSO size; routed, three more.
        expect(failed).toBeGreaterThanOrEqual(kind.plugin === "ptp" ? 9 : 6);
      }));

    test("`set` changes the classes where they stand, and `--reset` brings them back", () =>
      withChain(kind, ({ node, chain }) => {
        const pod = node.pod("a");
        const prevResult = chain.first(pod);
        const env = { CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" };
        expect(chain.add(pod, prevResult, { annotations: promise, env }).code).toBe(0);
        const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
        const changed = node.fairway(
          ...["set", "shop/web", "egress-guarantee=50M", "ingress-guarantee=20M"],
        );
        expect(changed).toMatchObject({ code: 0, stderr: "" });
        expect(node.run("tc", "class", "show", "dev", "uplink")).toMatch(/fa01:10 .*rate 50Mbit/);
        expect(node.run("tc", "class", "show", "dev", kind.ingress)).toMatch(
          /fa01:10 .*rate 20Mbit/,
        );
        expect(chain.check(pod, prevResult)).toMatchObject({ code: 0, stdout: "" });
        expect(node.fairway("set", "shop/web", "--reset").code).toBe(0);
        expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
      }));

    test("GC takes the classes of who is not listed, and leaves the interface, which is another's", () =>
      withChain(kind, ({ node, chain }) => {
        const [a, b] = [node.pod("a"), node.pod("b")];
        const resultA = chain.first(a);
        expect(chain.add(a, resultA, { annotations: promise }).code).toBe(0);
        const resultB = chain.first(b);
        const before = [dumpNode(node.lab.node), dumpPod(b.namespace)];
        expect(chain.add(b, resultB, { annotations: promise }).code).toBe(0);
        const config = {
          ...chain.config("fairway", { cniVersion: "1.1.0" }),
          "cni.dev/valid-attachments": [{ containerID: a.containerId, ifname: "eth0" }],
        };
        expect(chain.call("fairway", "GC", a, config)).toMatchObject({ code: 0, stdout: "" });
        expect([dumpNode(node.lab.node), dumpPod(b.namespace)]).toEqual(before);
        expect(chain.check(a, resultA)).toMatchObject({ code: 0, stdout: "" });
        expect(chain.check(b, resultB).json.code).toBe(3);
      }));

    test("a pod whose interface went is gone for gc and DEL", () =>
      withChain(kind, ({ node, chain }) => {
        const pod = node.pod("a");
        expect(chain.add(pod, chain.first(pod)).code).toBe(0);
        expect(chain.last(pod).code).toBe(0);
        expect(node.fairway("repair").code).toBe(0);
        mustInNamespace(node.lab.node, ["ip", "netns", "del", pod.namespace]);
        const swept = node.fairway("gc");
        expect(swept).toMatchObject({ code: 0 });
        expect(swept.stdout).toContain("chain/a/eth0");
        expect(node.fairway("explain").stdout).toContain("nothing to do");
      }));
  });

describe.skipIf(unable || !hasReference("bandwidth"))(
  "the reference bandwidth plugin in the same chain (needs Go)",
  () => {
    const sides = ["egress", "ingress"] as const;
    const rows = chainKinds.flatMap((kind) =>
      sides.map((side) => [`${side}, after ${kind.plugin}`, kind, side] as const),
    );
    const found = {
      egress: /a filter of \w+ that sends what the pod sends to bwp\w+, with the root qdisc tbf/,
      ingress: /the root qdisc tbf of \w+/,
    };
    test.each(rows)("%s: ADD refuses it, CHECK and doctor tell it", (_, kind, side) =>
      withChain(kind, (world) => {
        const { node, chain } = world;
        const pod = node.pod("a");
        const first = chain.first(pod);
        const host = hostEnd(world, first);
        const limit = (): Json => {
          const bandwidth = { [`${side}Rate`]: 20e6, [`${side}Burst`]: 800e3 };
          const over = { prevResult: first, runtimeConfig: { bandwidth } };
          const done = chain.call("bandwidth", "ADD", pod, chain.config("bandwidth", over));
          expect(done).toMatchObject({ code: 0 });
          return done.json;
        };
        // Its DEL leaves to the interface's end what hangs on that.
        const unlimit = (): void => {
          node.run("tc", "qdisc", "del", "dev", host, side === "egress" ? "ingress" : "root");
        };
        const shaped = limit();
        const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
        const refused = chain.add(pod, shaped, { annotations: promise });
        expect(refused).toMatchObject({ code: 1, json: { code: 104 } });
        expect(String(refused.json.msg)).toMatch(found[side]);
        expect(String(refused.json.details)).toContain('take the reference "bandwidth" plugin');
        expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
        unlimit();
        expect(chain.add(pod, first, { annotations: promise }).code).toBe(0);
        expect(chain.check(pod, first).code).toBe(0);
        const looked = (): string => node.fairway("doctor", "--conf-dir", "/none").stdout;
        expect(looked()).toMatch(/^ok +shapers /m);
        // The hook of a routed pod is taken, so there it cannot come after us.
        if (kind.plugin === "ptp" && side === "egress") return;
        // Its IFB is there still, and it does not expect one.
        for (const { ifname } of JSON.parse(node.run("ip", "-j", "link", "show", "type", "ifb")))
          if (String(ifname).startsWith("bwp")) node.run("ip", "link", "del", "dev", ifname);
        limit();
        const drift = chain.check(pod, first);
        expect(drift.json).toMatchObject({ code: 109 });
        expect(String(drift.json.msg)).toMatch(found[side]);
        expect(looked()).toMatch(/^ERROR +shapers +chain\/a\/eth0 is limited by another, too/m);
      }),
    );
  },
);

describe.skipIf(unable)("a chain that Fairway cannot follow (needs Go)", () => {
  const kind = chainKinds[0] as ChainKind;
  const rows: [string, (result: Json, pod: Pod) => Json, string][] = [
    ["no interfaces", () => ({ interfaces: [] }), "no interfaces provided"],
    [
      "no interface of the pod's",
      (_, pod) => ({ interfaces: [{ name: "net1", sandbox: pod.netns }] }),
      "no interface eth0 in",
    ],
    ["no addresses", () => ({ ips: [] }), "no IP address of eth0"],
    [
      "another host interface",
      (_, pod) => ({ interfaces: [{ name: "uplink" }, { name: "eth0", sandbox: pod.netns }] }),
      "prevResult names uplink on the host, and the other end of eth0",
    ],
    ["another version", () => ({ cniVersion: "0.4.0" }), 'prevResult is of cniVersion "0.4.0"'],
  ];
  test("is an error that says what it lacks, and changes nothing", () =>
    withChain(kind, ({ node, chain }) => {
      const pod = node.pod("a");
      const result = chain.first(pod);
      const before = dumpNode(node.lab.node);
      for (const [title, over, says] of rows) {
        const changed = { ...result, ips: [{ address: "198.19.7.2/24" }], ...over(result, pod) };
        const { json } = chain.add(pod, changed);
        expect([title, json.code, json.msg]).toEqual([title, 7, expect.stringContaining(says)]);
      }
      const both = chain.add(pod, result, { over: { ipam: { subnet: "198.19.8.0/24" } } });
      expect(both.json).toMatchObject({ code: 7, msg: expect.stringContaining("both ipam and") });
      const neither = chain.call("fairway", "ADD", pod, chain.config("fairway"));
      expect(neither.json).toMatchObject({
        code: 7,
        msg: expect.stringContaining("neither ipam nor a prevResult"),
      });
      const asked = chain.add(pod, result, { annotations: { "fairway.dev/ip": "198.19.7.9" } });
      expect(asked.json).toMatchObject({ code: 7, msg: expect.stringContaining("fairway.dev/ip") });
      const spoof = chain.add(pod, result, { over: { antiSpoof: true } });
      expect(spoof.json).toMatchObject({ code: 7, msg: expect.stringContaining("antiSpoof") });
      expect(dumpNode(node.lab.node)).toBe(before);
      expect(chain.last(pod).code).toBe(0);
    }));

  test("somebody's root on the bridge, and two live pods with one address, are refused", () =>
    withChain(kind, ({ node, chain }) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      const [resultA, resultB] = [chain.first(a), chain.first(b)];
      mustInNamespace(node.lab.node, [
        ..."tc qdisc add dev cni0 root handle 7: bfifo limit 99999b".split(" "),
      ]);
      expect(chain.add(a, resultA).json).toMatchObject({
        code: 104,
        msg: expect.stringContaining("the root qdisc of cni0 is bfifo 7:"),
      });
      mustInNamespace(node.lab.node, "tc qdisc del dev cni0 root".split(" "));
      expect(chain.add(a, resultA).code).toBe(0);
      const { ips } = resultA;
      expect(chain.add(b, { ...resultB, ips }).json).toMatchObject({
        code: 102,
        msg: expect.stringContaining("is held by chain/a/eth0"),
      });
      const other = node.verb("ADD", node.pod("c"));
      expect(other.json).toMatchObject({
        code: 7,
        msg: expect.stringContaining("bridge is fw0 in pods and another plugin's cni0 (chained)"),
      });
    }));

  test("somebody's hook without a filter stays, as it was", () =>
    withChain(chainKinds[1] as ChainKind, (world) => {
      const { node, chain } = world;
      const pod = node.pod("a");
      const result = chain.first(pod);
      const host = hostEnd(world, result);
      // The base comes with a pod and stays.
      expect(chain.add(pod, result).code).toBe(0);
      expect(chain.del(pod).code).toBe(0);
      mustInNamespace(node.lab.node, ["tc", "qdisc", "add", "dev", host, "clsact"]);
      const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
      expect(before[0]).toContain(`qdisc clsact ffff: dev ${host}`);
      expect(chain.add(pod, result).code).toBe(0);
      expect(chain.check(pod, result).code).toBe(0);
      expect(chain.del(pod).code).toBe(0);
      expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
      expect(chain.add(pod, result).code).toBe(0);
      expect(node.fairway("uninstall", "--force").code).toBe(0);
      expect(dumpNode(node.lab.node)).toContain(`qdisc clsact ffff: dev ${host}`);
    }));

  test("a size of IPv4's own, of a pod's interface, comes back", () =>
    withChain(chainKinds[0] as ChainKind, ({ node, chain }) => {
      const pod = node.pod("a");
      const result = chain.first(pod);
      const before = { gsoMaxBytes: 65_536, gsoIpv4MaxBytes: 30_000 };
      giveSizes(pod.netns, "eth0", before);
      expect(sizesOf(pod.netns, "eth0")).toEqual(before);
      expect(chain.add(pod, result, { annotations: promise }).code).toBe(0);
      expect(sizesOf(pod.netns, "eth0")).not.toEqual(before);
      expect(chain.del(pod).code).toBe(0);
      expect(sizesOf(pod.netns, "eth0")).toEqual(before);
    }));

  test("the reference bandwidth plugin's hook in our place is named", () =>
    withChain(chainKinds[1] as ChainKind, (world) => {
      const { node, chain } = world;
      const pod = node.pod("a");
      const result = chain.first(pod);
      const host = hostEnd(world, result);
      mustInNamespace(node.lab.node, ["tc", "qdisc", "add", "dev", host, "ingress"]);
      expect(chain.add(pod, result).json).toMatchObject({
        code: 104,
        msg: expect.stringContaining(`${host} has the qdisc ingress`),
      });
      mustInNamespace(node.lab.node, ["tc", "qdisc", "del", "dev", host, "ingress"]);
      // A filter of somebody else's stays, and so does what it hangs on.
      mustInNamespace(node.lab.node, ["tc", "qdisc", "add", "dev", host, "clsact"]);
      const others = `tc filter add dev ${host} ingress pref 5 protocol all u32 match u32 0 0 flowid 1:1`;
      mustInNamespace(node.lab.node, others.split(" "));
      expect(chain.add(pod, result).code).toBe(0);
      expect(chain.check(pod, result).code).toBe(0);
      expect(chain.del(pod).code).toBe(0);
      const left = inNamespace(node.lab.node, ["tc", "filter", "show", "dev", host, "ingress"]);
      expect(left.stdout).toContain("pref 5 u32");
      expect(mustInNamespace(node.lab.node, ["tc", "filter", "show", "dev", host, "egress"])).toBe(
        "",
      );
    }));
});

describe.skipIf(!hasReference("bridge", "ptp", "host-local", "portmap", "tuning"))(
  "the sample chains (needs Go)",
  () => {
    for (const kind of chainKinds)
      test(`${kind.plugin}, tuning, fairway, portmap`, () =>
        withChain(kind, (world) => {
          const { node, chain } = world;
          const pod = node.pod("a");
          const made = chain.first(pod);
          const tuning = chain.config("tuning", { sysctl: { "net.core.somaxconn": "500" } });
          const tuned = chain.call("tuning", "ADD", pod, { ...tuning, prevResult: made });
          expect(tuned.code).toBe(0);
          const shaped = chain.add(pod, tuned.json, { annotations: promise });
          expect(shaped.json).toEqual(tuned.json);
          const portmap = chain.config("portmap", {
            runtimeConfig: {
              portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
            },
            backend: "nftables",
          });
          expect(
            chain.call("portmap", "ADD", pod, { ...portmap, prevResult: shaped.json }).code,
          ).toBe(0);
          expect(chain.check(pod, shaped.json).code).toBe(0);
          mustInNamespace(node.lab.remote, [
            ..."ip route add 198.19.7.0/24 via".split(" "),
            addresses.nodeUplink,
          ]);
          const before = counted(world, kind.ingress);
          ping(node.lab.remote, addressOf(made));
          expect(counted(world, kind.ingress)).toBeGreaterThan(before);
          expect(chain.call("portmap", "DEL", pod, portmap).code).toBe(0);
          expect(chain.del(pod).code).toBe(0);
          expect(chain.call("tuning", "DEL", pod, tuning).code).toBe(0);
          expect(chain.last(pod).code).toBe(0);
        }));
  },
);
