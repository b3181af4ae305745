/** Addresses from another IPAM plugin: one whose answers are the test's, and the reference host-local. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type FakeDelegate, fakeDelegate } from "../support/fake-delegate.ts";
import { vanish } from "../support/gone.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";
import { hasReference, toolsFolder } from "../support/reference.ts";

const given = {
  cniVersion: "1.0.0",
  ips: [{ address: "198.19.5.9/24", gateway: "198.19.5.1" }],
  routes: [{ dst: "0.0.0.0/0" }],
  dns: { nameservers: ["198.18.0.53"] },
};

interface Fixture {
  node: TestNode;
  pod: Pod;
  fake: FakeDelegate;
  options: AddOptions;
}

function withFake(use: (fixture: Fixture) => void): Promise<void> {
  return withNode((node) => {
    const fake = fakeDelegate(node.dataDir);
    fake.answer("ADD", given);
    use({
      node,
      fake,
      pod: node.pod("a"),
      options: {
        config: { ipam: { type: "fake-ipam", whatever: [1] } },
        env: { CNI_PATH: `/nowhere:${fake.folder}` },
      },
    });
  });
}

const state = (node: TestNode, pod: Pod): string =>
  dumpNode(node.lab.node) + dumpPod(pod.namespace);

describe("an IPAM plugin of somebody else's", () => {
  test("gives the address, the routes and the resolver; is asked with our environment and configuration", () =>
    withFake(({ node, fake, pod, options }) => {
      const result = node.add(pod, options);
      expect(result).toMatchObject({
        ips: [{ interface: 2, address: "198.19.5.9/24", gateway: "198.19.5.1" }],
        routes: [{ dst: "0.0.0.0/0", gw: "198.19.5.1" }],
        dns: { nameservers: ["198.18.0.53"] },
      });
      const [call, ...more] = fake.calls();
      expect(more).toEqual([]);
      expect(call).toMatchObject({ verb: "ADD", containerId: "a", netns: pod.netns });
      expect(JSON.parse(call?.stdin ?? "")).toMatchObject({
        name: "pods",
        cniVersion: "1.0.0",
        ipam: { type: "fake-ipam", whatever: [1] },
      });
      expect(call?.env).toContain("CNI_IFNAME=eth0");
      expect(call?.env).toContain("LC_ALL=C");

      // The bridge holds the gateway, and the pod reaches it.
      expect(node.run("ip", "-o", "-4", "address", "show", "dev", "fw0")).toContain(
        "198.19.5.1/24",
      );
      node.run("ip", "netns", "exec", pod.namespace, "ping", "-c1", "-W5", "198.19.5.1");
      expect(node.run("nft", "list", "map", "inet", "fairway", "class4")).toContain("198.19.5.9");

      expect(node.check(pod, result, options)).toMatchObject({ code: 0, stdout: "" });
      expect(JSON.parse(fake.calls()[0]?.stdin ?? "")).toMatchObject({ prevResult: result });
      node.del(pod, options);
      expect(fake.calls().map((c) => c.verb)).toEqual(["DEL"]);
      // Again: the runtime does it, and the delegate has to hear of it.
      node.del(pod, options);
      expect(fake.calls().map((c) => c.verb)).toEqual(["DEL"]);
    }));

  test("its subnets are those of what it gave: a second one stands on the bridge beside the first", () =>
    withFake(({ node, fake, pod, options }) => {
      node.add(pod, options);
      fake.answer("ADD", { ips: [{ address: "198.19.6.2/24", gateway: "198.19.6.1" }] });
      const other = node.pod("b");
      const result = node.add(other, options);
      const addresses = node.run("ip", "-o", "-4", "address", "show", "dev", "fw0");
      expect(addresses).toContain("198.19.5.1/24");
      expect(addresses).toContain("198.19.6.1/24");
      expect(node.check(other, result, options).code).toBe(0);
      expect(node.fairway("repair").stdout).toBe("nothing to do\n");
    }));

  const results: [string, unknown, string][] = [
    [
      "0.3.1, with its version",
      {
        cniVersion: "0.3.1",
        ips: [{ version: "4", address: "198.19.5.9/24", gateway: "198.19.5.1" }],
      },
      "198.19.5.9/24",
    ],
    [
      "0.2.0",
      {
        cniVersion: "0.2.0",
        ip4: {
          ip: "198.19.5.9/24",
          gateway: "198.19.5.1",
          routes: [{ dst: "198.18.0.0/16", gw: "198.19.5.7" }],
        },
      },
      "198.19.5.9/24",
    ],
    [
      "one without a version, with Go's nulls",
      {
        ips: [{ address: "198.19.5.9/24", gateway: "198.19.5.1" }],
        routes: null,
        dns: {},
        interfaces: null,
      },
      "198.19.5.9/24",
    ],
  ];
  test("results of other versions", () =>
    withFake(({ node, fake, pod, options }) => {
      for (const [title, result, address] of results) {
        fake.answer("ADD", result);
        const added = node.add(pod, options) as { ips: unknown };
        expect({ title, ips: added.ips }).toMatchObject({ title, ips: [{ address }] });
        node.del(pod, options);
      }
    }));

  test("both families, with the fields of 1.1.0 in a route", () =>
    withFake(({ node, fake, pod, options }) => {
      fake.answer("ADD", {
        cniVersion: "1.1.0",
        ips: [
          { address: "fd00:19:5:0::9/64", gateway: "fd00:19:5::1" },
          { address: "198.19.5.9/24", gateway: "198.19.5.1" },
        ],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", mtu: 1400, priority: 7 }],
      });
      const newer = { ...options, config: { ...options.config, cniVersion: "1.1.0" } };
      const result = node.add(pod, newer);
      expect(result).toMatchObject({
        ips: [{ address: "fd00:19:5::9/64" }, { address: "198.19.5.9/24" }],
        routes: [{ gw: "198.19.5.1" }, { gw: "fd00:19:5::1", mtu: 1400, priority: 7 }],
      });
      expect(node.check(pod, result, newer)).toMatchObject({ code: 0 });
      node.run("ip", "netns", "exec", pod.namespace, "ping", "-c1", "-W5", "fd00:19:5::1");
    }));

  test("two addresses", () =>
    withFake(({ node, fake, pod, options }) => {
      fake.answer("ADD", {
        ips: [
          { address: "198.19.5.9/24", gateway: "198.19.5.1" },
          { address: "198.19.6.9/24", gateway: "198.19.6.1" },
        ],
      });
      const result = node.add(pod, options);
      expect(result).toMatchObject({
        ips: [{ address: "198.19.5.9/24" }, { address: "198.19.6.9/24" }],
      });
      expect(node.check(pod, result, options).code).toBe(0);
      expect(node.run("nft", "list", "map", "inet", "fairway", "class4")).toContain("198.19.6.9");
    }));

  interface Bad {
    title: string;
    shell: string;
    code: number;
    says: RegExp;
    details?: RegExp;
    /** What it is asked after its ADD. */
    after: string[];
  }
  const print = (value: unknown): string => `echo '${JSON.stringify(value)}'`;
  const bad: Bad[] = [
    {
      title: "its error, whole",
      shell: `${print({ code: 42, msg: "the pool is dry", details: "wait for rain" })}; exit 1`,
      code: 42,
      says: /^the pool is dry$/,
      details: /^wait for rain$/,
      after: ["DEL"],
    },
    {
      title: "a code of the specification",
      shell: `${print({ code: 11, msg: "busy" })}; exit 3`,
      code: 11,
      says: /^busy$/,
      after: ["DEL"],
    },
    {
      title: "a failure without JSON",
      shell: "echo 'panic: no such thing' >&2; exit 2",
      code: 113,
      says: /fake-ipam failed at ADD \(exit code 2\) without an error of its own: panic: no such/,
      after: ["DEL"],
    },
    {
      title: "a failure without a word",
      shell: "exit 1",
      code: 113,
      says: /fake-ipam failed at ADD \(exit code 1\) without an error of its own$/,
      after: ["DEL"],
    },
    {
      title: "its death",
      shell: "kill -SEGV $$",
      code: 113,
      says: /fake-ipam failed at ADD \(signal SIGSEGV\)/,
      after: ["DEL"],
    },
    {
      title: "garbage",
      shell: "echo 'all is well'",
      code: 113,
      says: /fake-ipam printed no result, but "all is well/,
      after: ["DEL"],
    },
    { title: "nothing", shell: "exit 0", code: 113, says: /printed no result/, after: ["DEL"] },
    {
      title: "a list",
      shell: "echo '[]'",
      code: 113,
      says: /the whole is no object/,
      after: ["DEL"],
    },
    {
      title: "no address",
      shell: print({ cniVersion: "1.0.0", routes: [] }),
      code: 113,
      says: /a result without an address/,
      after: ["DEL"],
    },
    {
      title: "no gateway",
      shell: print({ ips: [{ address: "198.19.5.9/24" }] }),
      code: 113,
      says: /gave 198\.19\.5\.9\/24 without a gateway/,
      after: ["DEL"],
    },
    {
      title: "a gateway somewhere else",
      shell: print({ ips: [{ address: "198.19.5.8/24", gateway: "198.19.6.1" }] }),
      code: 113,
      says: /gateway 198\.19\.6\.1, which is not another address of 198\.19\.5\.0\/24/,
      after: ["DEL"],
    },
    {
      title: "no prefix",
      shell: print({ ips: [{ address: "198.19.5.9", gateway: "198.19.5.1" }] }),
      code: 113,
      says: /"198\.19\.5\.9" is not an address with a prefix length/,
      after: ["DEL"],
    },
  ];
  test("what goes wrong at its ADD comes through, and nothing is left", () =>
    withFake(({ node, fake, pod, options }) => {
      node.add(node.pod("keep"), options);
      fake.calls();
      const before = state(node, pod);
      for (const { title, shell, code, says, details, after } of bad) {
        fake.behave("ADD", shell);
        const done = node.verb("ADD", pod, options);
        const { code: told, msg } = done.json as { code: number; msg: string };
        expect({ title, exit: done.code, code: told }).toEqual({ title, exit: 1, code });
        expect(msg).toMatch(says);
        if (details !== undefined) expect(done.json.details).toMatch(details);
        expect({ title, calls: fake.calls().map((c) => c.verb) }).toEqual({
          title,
          calls: ["ADD", ...after],
        });
        expect({ title, state: state(node, pod) }).toEqual({ title, state: before });
      }
    }));

  test("what fails after its ADD gives its address back; if that fails too, both are told", () =>
    withFake(({ node, fake, pod, options }) => {
      const asks = { ...options, annotations: { "fairway.dev/egress-guarantee": "390M" } };
      expect(node.verb("ADD", pod, asks)).toMatchObject({ code: 1, json: { code: 100 } });
      expect(fake.calls().map((c) => c.verb)).toEqual(["ADD", "DEL"]);
      fake.answer("DEL", { code: 5, msg: "the store is read-only" }, 1);
      const twice = node.verb("ADD", pod, asks);
      expect(twice).toMatchObject({ code: 1, json: { code: 100 } });
      expect(twice.json.details).toMatch(/fake-ipam could not take its addresses back: the store/);
    }));

  test("what can be refused without an address takes none", () =>
    withFake(({ node, fake, pod, options }) => {
      const asked: [AddOptions, RegExp][] = [
        [{ annotations: { "fairway.dev/tier": "gold" } }, /fairway\.dev\/tier/],
        [{ annotations: { "fairway.dev/ip": "198.19.5.7" } }, /fake-ipam's to give/],
        [{ env: { ...options.env, CNI_NETNS: "/run/netns/nothing" } }, /nothing at that path/],
      ];
      for (const [more, says] of asked) {
        const done = node.verb("ADD", pod, { ...options, ...more });
        expect(done.code).toBe(1);
        expect(done.json.msg).toMatch(says);
        expect(fake.calls()).toEqual([]);
      }
    }));

  test("an attachment that is there keeps its address, though its ADD is repeated", () =>
    withFake(({ node, fake, pod, options }) => {
      const result = node.add(pod, options);
      fake.calls();
      expect(node.verb("ADD", pod, options)).toMatchObject({ code: 1, json: { code: 103 } });
      expect(fake.calls()).toEqual([]);
      expect(node.check(pod, result, options).code).toBe(0);
    }));

  test("what `fairway gc` frees, and an ADD that needs room, is given back", () =>
    withFake(({ node, fake, pod, options }) => {
      const asks = { ...options, annotations: { "fairway.dev/egress-guarantee": "300M" } };
      node.add(pod, asks);
      vanish(node, pod);
      fake.calls();
      fake.answer("ADD", { ips: [{ address: "198.19.5.10/24", gateway: "198.19.5.1" }] });
      const next = node.pod("b");
      node.add(next, asks);
      expect(fake.calls().map((c) => [c.verb, c.containerId])).toEqual([
        ["ADD", "b"],
        ["DEL", "a"],
      ]);
      vanish(node, next);
      expect(node.fairway("gc").stdout).toContain("pods/b/eth0");
      const [call, ...more] = fake.calls();
      expect(more).toEqual([]);
      expect(call).toMatchObject({ verb: "DEL", containerId: "b", netns: "" });
      expect(JSON.parse(call?.stdin ?? "")).toMatchObject({
        name: "pods",
        ipam: { whatever: [1] },
      });
    }));

  test("a failing CHECK, DEL, GC and STATUS come through whole", () =>
    withFake(({ node, fake, pod, options }) => {
      const result = node.add(pod, options);
      const newer: AddOptions = {
        ...options,
        config: {
          ...options.config,
          cniVersion: "1.1.0",
          "cni.dev/valid-attachments": [{ containerID: "a", ifname: "eth0" }],
        },
      };
      const asked: [string, AddOptions][] = [
        ["CHECK", { ...options, config: { ...options.config, prevResult: result } }],
        ["GC", newer],
        ["STATUS", newer],
        ["DEL", options],
      ];
      for (const [verb, with_] of asked) {
        fake.answer(verb, { code: 77, msg: `${verb} is not for me`, details: "so it is" }, 1);
        const done = node.verb(verb, pod, with_);
        expect({ verb, exit: done.code, json: done.json }).toEqual({
          verb,
          exit: 1,
          json: {
            cniVersion: (with_.config?.cniVersion as string | undefined) ?? "1.0.0",
            code: 77,
            msg: `${verb} is not for me`,
            details: "so it is",
          },
        });
        fake.answer(verb, "", 0);
        expect(node.verb(verb, pod, with_)).toMatchObject({ code: 0, stdout: "" });
      }
    }));

  test("GC gives back the addresses of what is gone, one by one, and then asks for its GC", () =>
    withFake(({ node, fake, pod, options }) => {
      node.add(pod, options);
      fake.answer("ADD", { ips: [{ address: "198.19.5.10/24", gateway: "198.19.5.1" }] });
      node.add(node.pod("b"), options);
      fake.calls();
      const valid = { "cni.dev/valid-attachments": [{ containerID: "b", ifname: "eth0" }] };
      const config = { ...options.config, cniVersion: "1.1.0", ...valid };
      expect(node.verb("GC", pod, { ...options, config }).code).toBe(0);
      const calls = fake.calls();
      expect(calls.map((c) => [c.verb, c.containerId])).toEqual([
        ["DEL", "a"],
        ["GC", "a"],
      ]);
      expect(calls[0]?.netns).toBe("");
      expect(JSON.parse(calls[1]?.stdin ?? "")).toMatchObject(valid);
    }));
});

describe.skipIf(!hasReference("host-local"))(
  "the reference host-local as the delegate (needs Go)",
  () => {
    const withHostLocal = (
      use: (f: { node: TestNode; store: string; options: AddOptions }) => void,
    ) =>
      withNode((node) => {
        const store = join(node.dataDir, "networks");
        const subnet = "198.19.5.0/28";
        use({
          node,
          store,
          options: {
            config: { ipam: { type: "host-local", dataDir: store, subnet } },
            env: { CNI_PATH: toolsFolder },
          },
        });
      });
    const addressesIn = (store: string): string[] =>
      readdirSync(join(store, "pods"))
        .filter((name) => name.startsWith("198."))
        .sort();

    test("ADD, CHECK and DEL", () =>
      withHostLocal(({ node, store, options }) => {
        const [a, b] = [node.pod("a"), node.pod("b")];
        const result = node.add(a, options);
        expect(result).toMatchObject({
          ips: [{ address: "198.19.5.2/28", gateway: "198.19.5.1" }],
        });
        node.add(b, options);
        expect(addressesIn(store)).toEqual(["198.19.5.2", "198.19.5.3"]);
        expect(node.check(a, result, options).code).toBe(0);
        node.run("ip", "netns", "exec", a.namespace, "ping", "-c1", "-W5", "198.19.5.3");
        node.del(a, options);
        expect(addressesIn(store)).toEqual(["198.19.5.3"]);
        node.del(a, options);
        const config = {
          ...options.config,
          cniVersion: "1.1.0",
          "cni.dev/valid-attachments": null,
        };
        expect(node.verb("GC", b, { ...options, config })).toMatchObject({ code: 0 });
        expect(addressesIn(store)).toEqual([]);
      }));

    test("an ADD that is refused later leaves no address; an empty pool is told in its words", () =>
      withHostLocal(({ node, store, options }) => {
        const asks = { ...options, annotations: { "fairway.dev/egress-guarantee": "390M" } };
        expect(node.verb("ADD", node.pod("a"), asks)).toMatchObject({ json: { code: 100 } });
        expect(addressesIn(store)).toEqual([]);
        const ipam = {
          type: "host-local",
          dataDir: store,
          subnet: "198.19.5.0/28",
          rangeStart: "198.19.5.5",
          rangeEnd: "198.19.5.5",
        };
        const small = { ...options, config: { ipam } };
        node.add(node.pod("b"), small);
        const refused = node.verb("ADD", node.pod("c"), small);
        expect(refused.code).toBe(1);
        expect(refused.json.msg).toMatch(/no IP addresses available in range set/);
        expect(existsSync(store)).toBe(true);
      }));
  },
);
