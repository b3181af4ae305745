/** The binary under the name fairway-ipam: by itself, and below the reference bridge, macvlan and ptp. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { hasReference, toolsFolder } from "../support/reference.ts";

type Json = Record<string, unknown>;

interface Called {
  code: number | null;
  stdout: string;
  json: Json;
}

interface Asked {
  /** The whole configuration. */
  config: Json;
  args?: string;
  ifname?: string;
}

interface Fixture {
  node: TestNode;
  /** The file that a runtime or another plugin finds. */
  plugin: string;
  /** For a network `net`, with these keys of `ipam` and around it. */
  config(ipam: Json, around?: Json): Json;
  call(verb: string, containerId: string, asked: Asked): Called;
}

const subnet = "198.19.7.0/28";

function withIpam(use: (fixture: Fixture) => void): Promise<void> {
  return withNode((node) => {
    const bin = join(node.dataDir, "bin");
    mkdirSync(bin);
    const plugin = join(bin, "fairway-ipam");
    symlinkSync(binary, plugin);
    const dataDir = join(node.dataDir, "addresses");
    use({
      node,
      plugin,
      config: (ipam, around = {}) => ({
        cniVersion: "1.1.0",
        name: "net",
        // What is around `ipam` is another plugin's, and none of our business.
        type: "bridge",
        bridge: 5,
        dataDir: ["of the other plugin"],
        mtu: "its own",
        ipam: { type: "fairway-ipam", dataDir, ...ipam },
        ...around,
      }),
      call(verb, containerId, { config, args = "", ifname = "eth0" }) {
        const done = inNamespace(node.lab.node, [plugin], {
          stdin: JSON.stringify(config),
          env: {
            CNI_COMMAND: verb,
            CNI_CONTAINERID: containerId,
            CNI_NETNS: `/run/netns/${containerId}`,
            CNI_IFNAME: ifname,
            CNI_ARGS: args,
            CNI_PATH: bin,
          },
        });
        const json = done.stdout.startsWith("{") ? (JSON.parse(done.stdout) as Json) : {};
        return { code: done.code, stdout: done.stdout, json };
      },
    });
  });
}

const addressOf = ({ json }: Called): unknown => (json.ips as Json[] | undefined)?.[0]?.address;

describe("fairway-ipam by itself", () => {
  test("gives what host-local gives, in the same words, and touches nothing but its ledger", () =>
    withIpam(({ node, config, call }) => {
      const resolvConf = join(node.dataDir, "resolv.conf");
      writeFileSync(
        resolvConf,
        "# comment\nnameserver 198.18.0.53\nnameserver 198.18.0.54\nsearch a.example b.example\noptions ndots:5\n",
      );
      const before = dumpNode(node.lab.node);
      const ipam = {
        ranges: [
          [{ subnet, rangeStart: "198.19.7.4", rangeEnd: "198.19.7.6", gateway: "198.19.7.9" }],
        ],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "198.18.8.0/24", gw: "198.19.7.3" }],
        resolvConf,
      };
      const added = call("ADD", "c1", { config: config(ipam) });
      expect(added).toMatchObject({ code: 0 });
      expect(added.json).toEqual({
        cniVersion: "1.1.0",
        ips: [{ address: "198.19.7.4/28", gateway: "198.19.7.9" }],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "198.18.8.0/24", gw: "198.19.7.3" }],
        dns: {
          nameservers: ["198.18.0.53", "198.18.0.54"],
          search: ["a.example", "b.example"],
          options: ["ndots:5"],
        },
      });
      if (hasReference("host-local")) {
        const theirs = mustInNamespace(node.lab.node, [join(toolsFolder, "host-local")], {
          stdin: JSON.stringify(
            config({ ...ipam, type: "host-local", dataDir: join(node.dataDir, "theirs") }),
          ),
          env: {
            CNI_COMMAND: "ADD",
            CNI_CONTAINERID: "c1",
            CNI_NETNS: "/run/netns/c1",
            CNI_IFNAME: "eth0",
            CNI_PATH: toolsFolder,
          },
        });
        expect(JSON.parse(theirs)).toEqual(added.json);
      }
      expect(
        call("CHECK", "c1", { config: config(ipam, { prevResult: added.json }) }),
      ).toMatchObject({ code: 0, stdout: "" });
      for (const _ of [1, 2])
        expect(call("DEL", "c1", { config: config(ipam) })).toMatchObject({ code: 0, stdout: "" });
      expect(
        call("CHECK", "c1", { config: config(ipam, { prevResult: added.json }) }),
      ).toMatchObject({ code: 1, json: { code: 3 } });
      expect(dumpNode(node.lab.node)).toBe(before);
    }));

  test("one address of each set, of both families; a wish for each", () =>
    withIpam(({ config, call }) => {
      const ipam = {
        ranges: [[{ subnet }], [{ subnet: "fd00:19:7::/64", rangeStart: "fd00:19:7::10" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", mtu: 1400 }],
      };
      const added = call("ADD", "c1", { config: config(ipam) });
      expect(added.json).toMatchObject({
        ips: [
          { address: "198.19.7.2/28", gateway: "198.19.7.1" },
          { address: "fd00:19:7::10/64", gateway: "fd00:19:7::1" },
        ],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", mtu: 1400 }],
      });
      const asked = { config: config(ipam), args: "IP=fd00:19:7::99" };
      expect(call("ADD", "c2", asked).json.ips).toMatchObject([
        { address: "198.19.7.3/28" },
        { address: "fd00:19:7::99/64" },
      ]);
      const prevResult = added.json;
      expect(call("CHECK", "c1", { config: config(ipam, { prevResult }) }).code).toBe(0);
      expect(call("DEL", "c1", { config: config(ipam) }).code).toBe(0);
      expect(call("CHECK", "c1", { config: config(ipam, { prevResult }) }).code).toBe(1);
    }));

  test("every version's result", () =>
    withIpam(({ config, call }) => {
      for (const cniVersion of ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]) {
        const { json } = call("ADD", `c-${cniVersion}`, {
          config: config({ subnet }, { cniVersion }),
        });
        expect(json.cniVersion).toBe(cniVersion);
        const [ip] = json.ips as Json[];
        expect(ip?.version).toBe(cniVersion.startsWith("0.") ? "4" : undefined);
        expect(ip).not.toHaveProperty("interface");
        expect(json).not.toHaveProperty("interfaces");
      }
      expect(call("VERSION", "c", { config: { cniVersion: "1.0.0" } }).json).toMatchObject({
        supportedVersions: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
      });
    }));

  test("round robin, until the pool is empty; STATUS says so before ADD does", () =>
    withIpam(({ config, call }) => {
      const ipam = { subnet, rangeEnd: "198.19.7.4" };
      const add = (id: string) => addressOf(call("ADD", id, { config: config(ipam) }));
      expect(add("a")).toBe("198.19.7.2/28");
      expect(call("DEL", "a", { config: config(ipam) }).code).toBe(0);
      expect([add("b"), add("c"), add("d")]).toEqual([
        "198.19.7.3/28",
        "198.19.7.4/28",
        "198.19.7.2/28",
      ]);
      expect(call("STATUS", "x", { config: config(ipam) })).toMatchObject({
        code: 1,
        json: {
          code: 50,
          msg: "network net has no free address in 198.19.7.2-198.19.7.4: all 3 are given",
        },
      });
      expect(call("ADD", "e", { config: config(ipam) })).toMatchObject({ json: { code: 101 } });
      expect(call("DEL", "c", { config: config(ipam) }).code).toBe(0);
      expect(call("STATUS", "x", { config: config(ipam) })).toMatchObject({ code: 0, stdout: "" });
    }));

  const wishes: [string, Partial<Asked> & { around?: Json }][] = [
    ["CNI_ARGS", { args: "IP=198.19.7.9" }],
    ["args.cni.ips", { around: { args: { cni: { ips: ["198.19.7.9"] } } } }],
    ["runtimeConfig.ips", { around: { runtimeConfig: { ips: ["198.19.7.9/28"] } } }],
    [
      "the same in all of them",
      {
        args: "IP=198.19.7.9",
        around: { args: { cni: { ips: ["198.19.7.9"] } }, runtimeConfig: { ips: ["198.19.7.9"] } },
      },
    ],
    [
      "an annotation",
      {
        around: {
          runtimeConfig: {
            "io.kubernetes.cri.pod-annotations": { "fairway.dev/ip": "198.19.7.9" },
          },
        },
      },
    ],
  ];
  test("a requested address, by any of the ways", () =>
    withIpam(({ config, call }) => {
      for (const [title, { around, ...asked }] of wishes) {
        const whole = { config: config({ subnet }, around), ...asked };
        const added = call("ADD", "c1", whole);
        expect({ title, address: addressOf(added) }).toEqual({ title, address: "198.19.7.9/28" });
        const taken = call("ADD", "c2", whole);
        expect({ title, json: taken.json }).toMatchObject({
          title,
          json: { code: 102, msg: "the requested address 198.19.7.9 is in use by c1/eth0" },
        });
        call("DEL", "c1", whole);
      }
    }));

  test("the runtime's ranges go first", () =>
    withIpam(({ config, call }) => {
      const ipRanges = [[{ subnet: "198.19.8.0/24", rangeStart: "198.19.8.100" }]];
      const only = config({}, { runtimeConfig: { ipRanges } });
      expect(addressOf(call("ADD", "c1", { config: only }))).toBe("198.19.8.100/24");
    }));

  interface Refused {
    title: string;
    ipam?: Json;
    around?: Json;
    args?: string;
    code: number;
    says: RegExp;
  }
  const refused: Refused[] = [
    { title: "no range", ipam: {}, code: 7, says: /ipam\.subnet: is missing/ },
    { title: "an unknown key", ipam: { subnet, rangeStrat: 1 }, code: 7, says: /ipam\.rangeStrat/ },
    {
      title: "a dataDir that is no path",
      ipam: { subnet, dataDir: "x" },
      code: 7,
      says: /dataDir/,
    },
    {
      title: "a dataDir of the wrong type",
      ipam: { subnet, dataDir: 5 },
      code: 7,
      says: /dataDir/,
    },
    {
      title: "ipam is no object",
      around: { ipam: "fairway-ipam" },
      code: 7,
      says: /ipam: has to be/,
    },
    { title: "no name", around: { name: "" }, code: 7, says: /missing network name/ },
    { title: "another version", around: { cniVersion: "7.0.0" }, code: 1, says: /incompatible/ },
    {
      title: "a wish outside",
      args: "IP=198.19.9.9",
      code: 7,
      says: /198\.19\.9\.9 is in no range/,
    },
    { title: "the gateway wished for", args: "IP=198.19.7.1", code: 7, says: /198\.19\.7\.1/ },
    { title: "nonsense wished for", args: "IP=here", code: 7, says: /requested address: "here"/ },
    {
      title: "two wishes for one range",
      args: "IP=198.19.7.5",
      around: { runtimeConfig: { ips: ["198.19.7.6"] } },
      code: 7,
      says: /198\.19\.7\.6 and 198\.19\.7\.5 were requested, and are of one range set/,
    },
    {
      title: "the runtime's ranges unreadable",
      around: { runtimeConfig: { ipRanges: [[{ subnet: 5, gatway: "198.19.8.1" }], "x"] } },
      code: 7,
      says: /ipRanges\[0\]\[0\]\.subnet.*ipRanges\[0\]\[0\]\.gatway.*ipRanges\[1\]/,
    },
    {
      title: "a resolver's file that is not there",
      ipam: { subnet, resolvConf: "/nowhere/resolv.conf" },
      code: 5,
      says: /\/nowhere\/resolv\.conf/,
    },
  ];
  test("what it refuses takes no address", () =>
    withIpam(({ config, call, node }) => {
      for (const { title, ipam = { subnet }, around, args, code, says } of refused) {
        const done = call("ADD", "c1", {
          config: config(ipam, around),
          ...(args === undefined ? {} : { args }),
        });
        expect({ title, code: done.json.code }).toEqual({ title, code });
        expect(done.json.msg).toMatch(says);
      }
      expect(addressOf(call("ADD", "c1", { config: config({ subnet }) }))).toBe("198.19.7.2/28");
      expect(call("ADD", "c1", { config: config({ subnet }) })).toMatchObject({
        json: { code: 103, msg: "net/c1/eth0 has an address already: 198.19.7.2" },
      });
      // DEL does with what ADD would refuse.
      expect(call("DEL", "c1", { config: config({ whatever: 1 }) }).code).toBe(0);
      expect(node.run("ip", "-o", "link")).not.toContain("fw0");
    }));

  test("networks are apart: the same subnet, the same container, GC of one", () =>
    withIpam(({ config, call }) => {
      const [one, two] = [config({ subnet }), config({ subnet }, { name: "other" })];
      for (const network of [one, two])
        for (const id of ["a", "b"]) expect(call("ADD", id, { config: network }).code).toBe(0);
      const valid = (list: unknown) => ({ ...one, "cni.dev/valid-attachments": list });
      expect(call("GC", "x", { config: one })).toMatchObject({ code: 1, json: { code: 7 } });
      expect(
        call("GC", "x", { config: valid([{ containerID: "b", ifname: "eth0" }]) }),
      ).toMatchObject({ code: 0, stdout: "" });
      const check = (id: string, network: Json, address: string) =>
        call("CHECK", id, {
          config: { ...network, prevResult: { cniVersion: "1.1.0", ips: [{ address }] } },
        }).code;
      expect(check("a", one, "198.19.7.2/28")).toBe(1);
      expect(check("b", one, "198.19.7.3/28")).toBe(0);
      expect(check("a", two, "198.19.7.2/28")).toBe(0);
      expect(check("a", two, "198.19.7.3/28")).toBe(1);
      expect(call("GC", "x", { config: valid(null) }).code).toBe(0);
      expect(check("b", one, "198.19.7.3/28")).toBe(1);
    }));

  test("thirty at once: thirty addresses", () =>
    withNode(async (node) => {
      const bin = join(node.dataDir, "bin");
      mkdirSync(bin);
      symlinkSync(binary, join(bin, "fairway-ipam"));
      const stdin = JSON.stringify({
        cniVersion: "1.0.0",
        name: "net",
        ipam: { type: "fairway-ipam", subnet: "198.19.7.0/24", dataDir: join(node.dataDir, "d") },
      });
      const results = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          const child = Bun.spawn([join(bin, "fairway-ipam")], {
            stdin: new TextEncoder().encode(stdin),
            stdout: "pipe",
            stderr: "inherit",
            env: {
              CNI_COMMAND: "ADD",
              CNI_CONTAINERID: `c${index}`,
              CNI_NETNS: "/run/netns/none",
              CNI_IFNAME: "eth0",
              CNI_PATH: bin,
            },
            timeout: 60_000,
          });
          const json = JSON.parse(await new Response(child.stdout).text()) as Json;
          await child.exited;
          return (json.ips as Json[] | undefined)?.[0]?.address;
        }),
      );
      expect(new Set(results).size).toBe(30);
      expect(results).not.toContain(undefined);
    }));
});

interface Main {
  plugin: string;
  keys: Json;
  /** Whether the pods of one node reach each other and the gateway. */
  hasGateway: boolean;
}

const mains: Main[] = [
  { plugin: "bridge", keys: { bridge: "cni0", isGateway: true }, hasGateway: true },
  { plugin: "macvlan", keys: { master: "uplink", mode: "bridge" }, hasGateway: false },
  { plugin: "ptp", keys: {}, hasGateway: true },
];

describe("fairway-ipam below the reference plugins", () => {
  for (const { plugin, keys, hasGateway } of mains)
    test.skipIf(!hasReference(plugin))(
      `${plugin}: ADD, CHECK, DEL, and what is told of an empty pool (needs Go)`,
      () =>
        withIpam(({ node, config, plugin: ipamPlugin }) => {
          const path = `${join(ipamPlugin, "..")}:${toolsFolder}`;
          const ipam = { subnet, rangeEnd: "198.19.7.3", routes: [{ dst: "0.0.0.0/0" }] };
          const whole = config(ipam, { type: plugin, bridge: undefined, mtu: undefined, ...keys });
          const call = (verb: string, pod: Pod, around: Json = {}) =>
            inNamespace(node.lab.node, [join(toolsFolder, plugin)], {
              stdin: JSON.stringify({ ...whole, ...around }),
              env: {
                CNI_COMMAND: verb,
                CNI_CONTAINERID: pod.containerId,
                CNI_NETNS: pod.netns,
                CNI_IFNAME: "eth0",
                CNI_PATH: path,
              },
            });
          const [a, b] = [node.pod("a"), node.pod("b")];
          const added = call("ADD", a);
          expect(added).toMatchObject({ code: 0 });
          const result = JSON.parse(added.stdout) as Json;
          expect(result).toMatchObject({
            ips: [{ address: "198.19.7.2/28", gateway: "198.19.7.1" }],
          });
          expect(
            mustInNamespace(a.namespace, ["ip", "-o", "-4", "address", "show", "dev", "eth0"]),
          ).toContain("198.19.7.2/28");
          const second = call("ADD", b);
          expect(JSON.parse(second.stdout)).toMatchObject({ ips: [{ address: "198.19.7.3/28" }] });
          const target = hasGateway ? "198.19.7.1" : "198.19.7.3";
          mustInNamespace(a.namespace, ["ping", "-c1", "-W5", target]);
          expect(call("CHECK", a, { prevResult: result })).toMatchObject({ code: 0 });
          expect(call("STATUS", a).stdout).toContain(
            "has no free address in 198.19.7.2-198.19.7.3: all 2 are given",
          );
          const full = call("ADD", node.pod("c"));
          expect(full.code).toBe(1);
          expect(JSON.parse(full.stdout)).toMatchObject({
            code: 101,
            msg: "network net has no free address in 198.19.7.2-198.19.7.3: all 2 are given",
          });
          expect(call("DEL", a)).toMatchObject({ code: 0 });
          expect(call("DEL", a)).toMatchObject({ code: 0 });
          // Its CHECK forwards to ours, which knows that the address is gone.
          expect(call("CHECK", a, { prevResult: result }).code).toBe(1);
          expect(call("STATUS", a)).toMatchObject({ code: 0 });
          expect(call("DEL", b).code).toBe(0);
        }),
    );
});
