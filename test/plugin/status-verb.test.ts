/** STATUS: silent on a node that can take pods; else what stands in the way, and what to do. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { vanish } from "../support/gone.ts";
import { type Ended, type TestNode, withNode } from "../support/node.ts";

type Json = Record<string, unknown>;

const status = (node: TestNode, config: Json = {}, env: Record<string, string> = {}): Ended =>
  node.verb(
    "STATUS",
    { containerId: "", namespace: "", netns: "" },
    {
      config: { cniVersion: "1.1.0", ...config },
      env,
    },
  );

const guarantee = (rate: string) => ({ annotations: { "fairway.dev/egress-guarantee": rate } });
const uplink = {
  name: "uplink",
  egressCapacity: "400M",
  ingressCapacity: "400M",
  gsoMaxSize: 9000,
};
const two = { subnet: "198.19.1.0/24", rangeStart: "198.19.1.2", rangeEnd: "198.19.1.3" };

interface Row {
  title: string;
  /** What STATUS is asked with. */
  config?: Json;
  env?: (node: TestNode) => Record<string, string>;
  harm?: (node: TestNode) => void;
  code: 50 | 51;
  says: string;
  todo: string;
}

const addTwo = (node: TestNode): void => {
  for (const name of ["a", "b"]) node.add(node.pod(name), { config: { ipam: two } });
};
const foreign = (node: TestNode): void => {
  node.run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
};

const rows: Row[] = [
  {
    title: "no interface of that name",
    config: { uplink: { ...uplink, name: "eth77" } },
    code: 50,
    says: "there is no interface eth77",
    todo: "name one of the node's interfaces: uplink",
  },
  {
    title: "no default route, and no name given",
    config: { uplink: {} },
    harm: (node) => {
      node.run("ip", "route", "del", "default");
      node.run("ip", "-6", "route", "del", "default");
    },
    code: 50,
    says: "no uplink: the node has no default route",
    todo: "set uplink.name",
  },
  {
    title: "the uplink is down",
    harm: (node) => node.run("ip", "link", "set", "dev", "uplink", "down"),
    code: 50,
    says: "the uplink uplink is down",
    todo: "ip link set dev uplink up",
  },
  {
    title: "the uplink is down, with pods on the node",
    harm: (node) => {
      node.add(node.pod("a"));
      node.run("ip", "link", "set", "dev", "uplink", "down");
    },
    code: 51,
    says: "the uplink uplink is down; the pods that run here are affected, too",
    todo: "ip link set dev uplink up",
  },
  {
    title: "a capacity that nobody knows",
    config: { uplink: { name: "uplink" } },
    code: 50,
    says: "uplink.egressCapacity is not set and the link's speed is not known",
    todo: "set uplink.egressCapacity",
  },
  {
    title: "a capacity that is used up",
    harm: (node) => {
      node.add(node.pod("a"), guarantee("380M"));
      // The reserve pays for 250 floors of the 20M; a lower capacity leaves none.
      expect(node.fairway("set-capacity", "--egress", "300M").code).toBe(0);
    },
    code: 50,
    says: "one more pod asks for the egress floor of a best-effort pod (8k), and 0 is free: capacity 300M, reserve 15M, guaranteed 380M to others",
    todo: "Largest holders: pods/a/eth0 380M",
  },
  {
    title: "a pool that is exhausted",
    config: { ipam: two },
    harm: addTwo,
    code: 50,
    says: "network pods has no free address in 198.19.1.2-198.19.1.3: all 2 are given",
    todo: "widen ipam.subnet",
  },
  {
    title: "a foreign root qdisc on the uplink",
    harm: foreign,
    code: 50,
    says: "the root qdisc of uplink is htb 7:",
    todo: "tc qdisc del dev uplink root",
  },
  {
    title: "a foreign root qdisc in the place of our tree, with pods on the node",
    harm: (node) => {
      node.add(node.pod("a"));
      foreign(node);
    },
    code: 51,
    says: "the root qdisc of uplink is htb 7:, which is not Fairway's and not the kernel's default; the pods",
    todo: "tc qdisc del dev uplink root",
  },
  {
    title: "a ledger that is none",
    harm: (node) => {
      writeFileSync(join(node.dataDir, "ledger.db"), "x".repeat(8192), { mode: 0o600 });
    },
    code: 50,
    says: "ledger.db is damaged or no SQLite database",
    todo: "repair --rebuild",
  },
  {
    title: "a ledger that others may write",
    harm: (node) => {
      node.add(node.pod("a"));
      chmodSync(join(node.dataDir, "ledger.db"), 0o666);
    },
    code: 50,
    says: "ledger.db is writable by others than its owner",
    todo: "chmod 0600",
  },
  {
    title: "a ledger's folder that cannot be made",
    config: { dataDir: "/proc/fairway" },
    code: 50,
    says: "/proc/fairway",
    todo: "run as root",
  },
  {
    title: "another network that differs",
    config: { name: "other", ipam: { subnet: "198.19.2.0/24" }, overcommit: "scale" },
    harm: (node) => void node.add(node.pod("a")),
    code: 50,
    says: "overcommit is scale in other and reject in pods",
    todo: "give both conflists the same settings",
  },
  {
    title: "a tier that is more than there is",
    config: { tiers: { gold: { egressGuarantee: "399M" } } },
    code: 50,
    says: "tiers.gold.egressGuarantee: 399M is more than this node can promise",
    todo: "Lower the tier",
  },
  {
    title: "nftables that the kernel refuses",
    env: (node) => {
      const folder = join(node.dataDir, "tools");
      mkdirSync(folder);
      for (const tool of ["ip", "tc"])
        symlinkSync(Bun.which(tool, { PATH: "/sbin:/usr/sbin:/bin" }) ?? "", join(folder, tool));
      writeFileSync(
        join(folder, "nft"),
        "#!/bin/sh\necho 'netlink: Error: cache initialization failed: Operation not supported' >&2\nexit 1\n",
      );
      chmodSync(join(folder, "nft"), 0o755);
      return { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, FAIRWAY_BACKEND: "exec" };
    },
    code: 50,
    says: "could not create nftables table bridge fairway: netlink: Error: cache initialization failed",
    todo: "CONFIG_NF_TABLES_BRIDGE",
  },
];

test.each(rows)("$title: $code", ({ config, env, harm, code, says, todo }) =>
  withNode((node) => {
    harm?.(node);
    const before = dumpNode(node.lab.node);
    const done = status(node, config, env?.(node));
    expect(done.code).toBe(1);
    expect(done.json).toEqual({
      cniVersion: "1.1.0",
      code,
      msg: expect.stringContaining(says),
      details: expect.stringContaining(todo),
    });
    expect(dumpNode(node.lab.node)).toBe(before);
  }),
);

test("a node that can take pods: nothing is printed, nothing touched, before the first pod and beside some", () =>
  withNode((node) => {
    const bare = dumpNode(node.lab.node);
    expect(status(node)).toMatchObject({ code: 0, stdout: "" });
    expect(dumpNode(node.lab.node)).toBe(bare);
    node.add(node.pod("a"), guarantee("380M"));
    expect(status(node)).toMatchObject({ code: 0, stdout: "" });
    expect(status(node, { cniVersion: "1.0.0" }).json).toMatchObject({ code: 1 });
    expect(status(node, { mtu: 3 }).json).toMatchObject({ code: 7 });
  }));

test("what is held for sandboxes that are gone is no shortage", () =>
  withNode(
    (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      for (const pod of [a, b]) node.add(pod);
      expect(status(node).json).toMatchObject({ code: 50 });
      vanish(node, a);
      expect(status(node)).toMatchObject({ code: 0, stdout: "" });
      node.add(node.pod("c"));
      expect(status(node).json).toMatchObject({ code: 50 });
    },
    { ipam: two },
  ));

const packed = "/proc/config.gz";
const unpacked = `/boot/config-${release()}`;

function kernelConfig(): string {
  return existsSync(packed)
    ? gunzipSync(readFileSync(packed)).toString()
    : readFileSync(unpacked, "utf8");
}

/** STATUS where all that tells of the kernel's parts says that one is missing; the kernel itself has it. */
function statusWithout(node: TestNode, config: string): Json {
  const folder = join(node.dataDir, "kernel");
  mkdirSync(folder, { recursive: true });
  const lines = kernelConfig().split("\n");
  const text = lines.filter((line) => !line.startsWith(`${config}=`)).join("\n");
  writeFileSync(join(folder, "config"), text);
  writeFileSync(join(folder, "config.gz"), gzipSync(text));
  writeFileSync(join(folder, "empty"), "");
  mkdirSync(join(folder, "none"), { recursive: true });
  // In a mount namespace of its own.
  const over = [
    ["config.gz", packed],
    ["config", unpacked],
    ["empty", "/proc/modules"],
    ["none", "/sys/module"],
    ["none", "/lib/modules"],
  ] as const;
  const mounts = over
    .filter(([, path]) => existsSync(path))
    .map(([from, path]) => `mount --bind ${join(folder, from)} ${path}`);
  const script = [...mounts, `exec ${binary}`].join("\n");
  const done = inNamespace(node.lab.node, ["unshare", "--mount", "sh", "-ec", script], {
    stdin: JSON.stringify({ ...node.config, cniVersion: "1.1.0" }),
    env: { CNI_COMMAND: "STATUS" },
  });
  expect(done.stderr).toBe("");
  return done.stdout === "" ? {} : (JSON.parse(done.stdout) as Json);
}

test.each([
  ["sch_htb", "CONFIG_NET_SCH_HTB"],
  ["sch_tbf", "CONFIG_NET_SCH_TBF"],
  ["nft_masq", "CONFIG_NFT_MASQ"],
])(
  "a kernel without %s: 50; looked for again each time until it is there, and then remembered",
  (module, config) =>
    withNode((node) => {
      for (const _ of [1, 2])
        expect(statusWithout(node, config)).toMatchObject({
          code: 50,
          msg: expect.stringContaining(`the kernel lacks what fairway needs: ${module}: kernel`),
          details: expect.stringContaining(config),
        });
      expect(status(node)).toMatchObject({ code: 0, stdout: "" });
      expect(statusWithout(node, config)).toEqual({});
    }),
);
