/** What cannot be granted is refused with the right code and clear words, and nothing of it stays. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import {
  type AddOptions,
  type Pod,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../support/node.ts";

interface Row {
  title: string;
  code: number;
  /** Of `msg`. */
  says: RegExp;
  /** Of `details`; every refusal has some. */
  advises?: RegExp;
  options?: AddOptions;
  /** Over the pod. */
  pod?: Partial<Pod>;
}

const guarantee = "fairway.dev/egress-guarantee";
const ipam = (over: Record<string, unknown>) => ({
  config: { ipam: { subnet: "198.19.1.0/24", ...over } },
});

const rows: Row[] = [
  {
    title: "an unknown key",
    code: 7,
    says: /^brige: unknown key/,
    advises: /did you mean.*bridge/i,
    options: { config: { brige: "fw0" } },
  },
  {
    title: "an IPAM of somebody else's that is not there",
    code: 105,
    says: /IPAM plugin ham-local \(ipam\.type\) is in no folder of CNI_PATH/,
    options: { config: { ipam: { type: "ham-local", subnet: "198.19.1.0/24" } } },
  },
  {
    title: "an IPAM that is a path",
    code: 7,
    says: /ipam\.type.*cannot name a plugin/,
    options: { config: { ipam: { type: "../bin/sh" } } },
  },
  {
    title: "an unknown suffix",
    code: 7,
    says: /fairway\.dev\/egress-guarantee.*10Q/,
    options: { annotations: { [guarantee]: "10Q" } },
  },
  {
    title: "a negative rate",
    code: 7,
    says: /fairway\.dev\/egress-guarantee.*-5M/,
    options: { annotations: { [guarantee]: "-5M" } },
  },
  {
    title: "an endless rate",
    code: 7,
    says: /fairway\.dev\/egress-guarantee.*1e999/,
    options: { annotations: { [guarantee]: "1e999" } },
  },
  {
    title: "a guarantee above its limit",
    code: 7,
    says: /egress-guarantee.*egress-bandwidth|egress-bandwidth.*egress-guarantee/,
    options: { annotations: { [guarantee]: "50M", "kubernetes.io/egress-bandwidth": "10M" } },
  },
  {
    title: "a latency target without a guarantee",
    code: 7,
    says: /latency-target/,
    options: { annotations: { "fairway.dev/latency-target": "1ms" } },
  },
  {
    title: "an unknown annotation of ours",
    code: 7,
    says: /fairway\.dev\/egres-guarantee/,
    options: { annotations: { "fairway.dev/egres-guarantee": "1M" } },
  },
  {
    title: "an unknown tier",
    code: 7,
    says: /fairway\.dev\/tier.*gold/,
    options: { annotations: { "fairway.dev/tier": "gold" } },
  },
  {
    title: "a guarantee above the capacity",
    code: 100,
    says: /500M.*free.*400M/,
    options: { annotations: { [guarantee]: "500M" } },
  },
  { title: "no ipam", code: 7, says: /ipam/, options: { config: { ipam: undefined } } },
  {
    title: "a subnet too small",
    code: 7,
    says: /subnet.*198\.19\.1\.0\/31/,
    options: ipam({ subnet: "198.19.1.0/31" }),
  },
  {
    title: "a range outside its subnet",
    code: 7,
    says: /rangeStart/,
    options: ipam({ rangeStart: "198.19.2.5" }),
  },
  {
    title: "a requested address outside the ranges",
    code: 7,
    says: /198\.19\.7\.7/,
    options: { runtimeConfig: { ips: ["198.19.7.7"] } },
  },
  {
    title: "the gateway's address requested",
    code: 7,
    says: /198\.19\.1\.1/,
    options: { args: "IP=198.19.1.1" },
  },
  {
    title: "a netns that does not exist",
    code: 8,
    says: /\/run\/netns\/nothing.*nothing at that path/,
    pod: { netns: "/run/netns/nothing" },
  },
  {
    title: "a netns that is a file",
    code: 8,
    says: /\/etc\/hostname.*not a network namespace/,
    pod: { netns: "/etc/hostname" },
  },
  {
    title: "a netns of another kind",
    code: 8,
    says: /\/proc\/self\/ns\/mnt.*not a network namespace/,
    pod: { netns: "/proc/self/ns/mnt" },
  },
  {
    title: "the plugin's own netns",
    code: 8,
    says: /fairway itself/,
    pod: { netns: "/proc/self/ns/net" },
  },
  {
    title: "an interface name too long",
    code: 4,
    says: /CNI_IFNAME.*16 bytes/,
    options: { env: { CNI_IFNAME: "abcdefghijklmnop" } },
  },
  {
    title: "an uplink that does not exist",
    code: 107,
    says: /uplink\.name.*eth77/,
    options: { config: { uplink: { name: "eth77", egressCapacity: "1G", ingressCapacity: "1G" } } },
  },
  {
    title: "a capacity that nobody knows",
    code: 108,
    says: /egressCapacity.*veth/,
    options: { config: { uplink: { name: "uplink" } } },
  },
  {
    title: "another version",
    code: 1,
    says: /incompatible/,
    options: { config: { cniVersion: "9.9.9" } },
  },
  {
    title: "a prevResult",
    code: 7,
    says: /both ipam and a prevResult/,
    options: { config: { prevResult: { cniVersion: "1.0.0" } } },
  },
];

const state = (node: TestNode, pod: Pod): string =>
  dumpNode(node.lab.node) + dumpPod(pod.namespace);

describe("ADD refuses", () => {
  test(
    "each of the table, and leaves nothing",
    () =>
      withNode((node) => {
        node.add(node.pod("keep"));
        const pod = node.pod("a");
        const before = state(node, pod);
        for (const { title, code, says, advises = /./, options, pod: over } of rows) {
          const done = node.verb("ADD", { ...pod, ...over }, options ?? {});
          const told = { title, exit: done.code, code: done.json.code, msg: done.json.msg };
          expect(told).toEqual({ title, exit: 1, code, msg: expect.stringMatching(says) });
          expect({ title, details: done.json.details }).toEqual({
            title,
            details: expect.stringMatching(advises),
          });
          expect(done.stdout + done.stderr).not.toMatch(/\n\s+at |\.ts:/);
        }
        expect(state(node, pod)).toBe(before);
        // The first address that was free still is the next: no refusal took one.
        expect(node.add(pod).ips).toMatchObject([{ address: "198.19.1.3/24" }]);
      }),
    60_000,
  );

  test("an exhausted pool, with how many there are", () =>
    withNode((node) => {
      const config = { ipam: { subnet: "198.19.1.0/30" } };
      const pods = ["a", "b"].map((name) => node.pod(name));
      node.add(pods[0] as Pod, { config });
      const refused = node.verb("ADD", pods[1] as Pod, { config });
      expect(refused.json).toMatchObject({
        code: 101,
        msg: expect.stringContaining("all 1 are given"),
      });
      const status = node.verb("STATUS", pods[1] as Pod, {
        config: { ...config, cniVersion: "1.1.0" },
      });
      expect(status.json).toMatchObject({
        code: 50,
        msg: expect.stringContaining("all 1 are given"),
      });
    }));

  test("a guarantee that others hold already, naming them", () =>
    withNode((node) => {
      const annotations = { [guarantee]: "200M" };
      const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart";
      node.add(node.pod("a"), { annotations, args });
      const refused = node.verb("ADD", node.pod("b"), { annotations });
      expect(refused.json).toMatchObject({
        code: 100,
        msg: expect.stringContaining("180M is free"),
      });
      expect(refused.json.details).toContain("shop/cart");
    }));

  test.each(["ip", "tc", "nft"])(
    "a node without %s, where the tools make the changes, before anything is done",
    (missing) =>
      withNode((node) => {
        // Only these folders exist for the plugin: usual ones are hidden by a mount namespace of its own.
        const tools = join(node.dataDir, "tools");
        mkdirSync(tools);
        for (const tool of ["ip", "tc", "nft"].filter((t) => t !== missing))
          symlinkSync(
            Bun.which(tool, { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" }) ?? "",
            join(tools, tool),
          );
        const pod = node.pod("a");
        const empty = join(node.dataDir, "empty");
        mkdirSync(empty);
        writeFileSync(join(node.dataDir, "request"), JSON.stringify(node.config));
        const hide = `cp -a ${tools}/. ${empty}; for t in ip tc nft; do
        [ $t = ${missing} ] && mount --bind /dev/null $(readlink -f $(command -v $t)); done; exec ${binary} < ${join(node.dataDir, "request")}`;
        const env = { ...verbEnvironment("ADD", pod, {}), FAIRWAY_BACKEND: "exec" };
        const done = inNamespace(node.lab.node, ["unshare", "--mount", "sh", "-c", hide], { env });
        const told = JSON.parse(done.stdout) as Record<string, unknown>;
        expect(told).toMatchObject({
          code: 105,
          msg: expect.stringContaining(missing),
          details: expect.stringContaining("install"),
        });
        expect(node.run("ip", "link", "show")).not.toContain("fw0");
      }),
  );
});

test("a refused first ADD makes neither a bridge nor a row", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const before = state(node, pod);
    expect(node.verb("ADD", pod, { config: { uplink: { name: "eth77" } } }).code).toBe(1);
    expect(state(node, pod)).toBe(before);
    expect(existsSync(join(node.dataDir, "ledger.db"))).toBe(false);
    expect(readdirSync(node.dataDir)).toEqual([]);
  }));
