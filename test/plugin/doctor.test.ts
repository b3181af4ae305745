/** What the doctor finds on real nodes, and that it touches none of them. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../src/ops/doctor/finding.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

const annotations = { "fairway.dev/egress-guarantee": "100M" };

function configFile(node: TestNode, over: Record<string, unknown> = {}): string {
  const file = join(node.dataDir, "plugin.json");
  writeFileSync(file, JSON.stringify({ ...node.config, ...over }));
  return file;
}

interface Examined {
  code: number | null;
  findings: Finding[];
  /** Those that are not ok: "id level". */
  wrong: string[];
  text: string;
}

const kernelUnknown = /^kernel\.\w+ warn$/;

function examined(result: { code: number | null; stdout: string; stderr: string }): Examined {
  expect(result.stderr).toBe("");
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  const wrong = findings.filter((f) => f.level !== "ok").map((f) => `${f.id} ${f.level}`);
  return {
    code: result.code,
    findings,
    // A machine that shows no list of modules cannot tell: that is said, and is no failure of the test.
    wrong: wrong.filter((w) => !kernelUnknown.test(w)),
    text: findings.map(({ id, found, todo }) => `${id}: ${found} -> ${todo}`).join("\n"),
  };
}

/** What this machine's own runtime reads is not looked at. */
const noConflists = ["--conf-dir", "/nonexistent"];

const doctor = (node: TestNode, ...args: string[]): Examined =>
  examined(node.fairway("doctor", "--json", ...noConflists, ...args));

test("a healthy node, before its first pod and after, and nothing is touched", () =>
  withNode((node) => {
    const file = configFile(node);
    node.run("sysctl", "-qw", "net.ipv4.ip_forward=0");
    const before = [dumpNode(node.lab.node), readdirSync(node.dataDir)];
    const fresh = doctor(node, "--config", file);
    expect(fresh).toMatchObject({ code: 0, wrong: [] });
    expect(fresh.text).toContain("sysctl.net.ipv4.ip_forward: 0: the first ADD sets it to 1");
    expect([dumpNode(node.lab.node), readdirSync(node.dataDir)]).toEqual(before);
    expect(existsSync(join(node.dataDir, "ledger.db"))).toBe(false);

    node.add(node.pod("a"), { annotations });
    const after = dumpNode(node.lab.node);
    const used = doctor(node);
    expect(used).toMatchObject({ code: 0, wrong: [] });
    expect(dumpNode(node.lab.node)).toBe(after);
    const expected = [
      ...["tools.ip", "tools.tc", "tools.nft", "kernel.release", "kernel.sch_htb"],
      ...["kernel.br_netfilter"],
      ...["ledger.folder", "ledger.file", "ledger.fileSystem", "ledger.schema", "ledger.rows"],
      ...["uplink", "uplink.egressCapacity", "root.uplink", "root.fw0", "path.flowtables"],
      ...["sysctl.net.ipv4.ip_forward", "promises.egress", "promises.ingress", "drift", "config"],
    ];
    const ids = used.findings.map(({ id }) => id);
    expect(expected.filter((id) => !ids.includes(id))).toEqual([]);
    expect(used.text).toMatch(/tools\.nft: nftables v\d/);
    expect(used.text).toContain("root.uplink: Fairway's");
    expect(used.text).toContain("promises.egress: 100Mbit/s promised to 1 pods");
    for (const part of ["sch_htb", "sch_tbf", "veth", "bridge", "br_netfilter"])
      expect(used.text).toContain(`kernel.${part}: in use`);
    const text = node.fairway("doctor");
    expect(text.stdout).toMatch(/^0 errors, \d+ warnings?, \d+ ok$/m);
  }));

test("without a configuration it says what was not looked at", () =>
  withNode((node) => {
    expect(doctor(node)).toMatchObject({ code: 0, wrong: ["config warn"] });
  }));

interface Ailment {
  title: string;
  /** Commands on a node with a pod that has 100 Mbit/s. */
  node?: string[];
  /** Over the configuration that is given with --config. */
  config?: Record<string, unknown>;
  wrong: string[];
  says: string;
  code: number;
}

const capacities = (egress: string) => ({
  uplink: { name: "uplink", egressCapacity: egress, ingressCapacity: "400M" },
});

const ailments: Ailment[] = [
  {
    title: "drift",
    node: ["tc class del dev uplink classid fa01:10"],
    wrong: ["drift error"],
    says: "class fa01:10 on uplink is missing",
    code: 3,
  },
  {
    title: "a root qdisc of somebody's",
    node: ["tc qdisc del dev uplink root", "tc qdisc add dev uplink root handle 7: htb"],
    wrong: ["root.uplink error"],
    says: "htb 7:, which is neither Fairway's nor the kernel's default",
    code: 1,
  },
  {
    title: "a sysctl that was set back",
    node: ["sysctl -qw net.bridge.bridge-nf-call-iptables=0"],
    wrong: ["sysctl.net.bridge.bridge-nf-call-iptables error", "drift error"],
    says: "does not answer",
    code: 1,
  },
  {
    title: "an uplink that is down",
    node: ["ip link set dev uplink down"],
    wrong: ["uplink error"],
    says: "ip link set dev uplink up",
    code: 1,
  },
  {
    title: "a capacity that no longer holds what was promised",
    config: capacities("80M"),
    wrong: ["uplink.recorded warn", "promises.egress error"],
    says: "100Mbit/s promised to 1 pods of capacity 80Mbit/s, reserve 4Mbit/s: 24Mbit/s too much",
    code: 1,
  },
  {
    title: "a tier that exceeds the node alone",
    config: { tiers: { huge: { egressGuarantee: "399M" }, small: { egressGuarantee: "1M" } } },
    wrong: ["tiers.huge error"],
    says: "its egress guarantee of 399Mbit/s exceeds the 380Mbit/s",
    code: 1,
  },
  {
    title: "a reserve that leaves little",
    config: { uplink: { ...capacities("400M").uplink, reserve: "60%" } },
    wrong: ["reserve.egress warn", "reserve.ingress warn"],
    says: "more than half of it is kept back",
    code: 0,
  },
  {
    title: "an uplink that is not there",
    config: { uplink: { name: "eth77" } },
    wrong: ["uplink error"],
    says: "there is no interface eth77",
    code: 1,
  },
  {
    title: "a configuration that ADD would refuse",
    config: { bridgee: "x" },
    wrong: ["config error"],
    says: "bridgee",
    code: 1,
  },
];

describe("an ailing node", () => {
  test.each(ailments.map((a) => [a.title, a] as const))("%s", (_, ailment) =>
    withNode((node) => {
      node.add(node.pod("a"), { annotations });
      for (const line of ailment.node ?? []) node.run(...line.split(" "));
      const found = doctor(node, "--config", configFile(node, ailment.config));
      const foreign = ailment.wrong.includes("root.uplink error");
      // What stands below a root goes with it.
      const wrong = foreign ? found.wrong.filter((w) => !w.startsWith("drift")) : found.wrong;
      expect([...new Set(wrong)]).toEqual(ailment.wrong);
      expect(found.text).toContain(ailment.says);
      expect(found.code).toBe(ailment.code);
      const bad = found.findings.filter(({ level }) => level !== "ok");
      expect(bad.every(({ todo }) => todo !== null && todo !== "")).toBe(true);
    }),
  );
});

test("a ledger's folder that everyone may write to, and a file that is damaged: the rest is still looked at", () =>
  withNode((node) => {
    node.add(node.pod("a"), { annotations });
    chmodSync(node.dataDir, 0o777);
    expect(doctor(node)).toMatchObject({ code: 1, wrong: ["ledger.folder error"] });
    chmodSync(node.dataDir, 0o700);
    const other = join(node.dataDir, "other");
    mkdirSync(other);
    writeFileSync(
      join(other, "ledger.db"),
      "not a database, for as long as SQLite needs to see it".repeat(20),
    );
    const config = configFile(node, { dataDir: other });
    const damaged = examined(
      inNamespace(node.lab.node, [binary, "doctor", "--json", ...noConflists, "--config", config]),
    );
    expect(damaged.code).toBe(1);
    expect(damaged.wrong).toEqual(["ledger error", "ledger.schema error"]);
    // Nothing is known of pods: neither that all is well with them.
    expect(damaged.findings.map(({ id }) => id)).not.toContain("drift");
    expect(damaged.text).toContain("root.uplink: Fairway's");
  }));

test("what an ADD that died left, and a pod whose namespace is gone", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    for (const pod of [a, b]) node.add(pod, { annotations });
    const db = new Database(join(node.dataDir, "ledger.db"));
    db.run(
      "UPDATE attachments SET phase = 'adding', created_at_ms = created_at_ms - 600000 WHERE container_id = 'a'",
    );
    db.run("UPDATE attachments SET netns = '/run/netns/fairway-none' WHERE container_id = 'b'");
    db.close();
    const found = doctor(node);
    expect(found.wrong).toEqual(["ledger.rows warn", "ledger.rows warn"]);
    expect(found.text).toMatch(/pods\/a\/eth0 is adding, and was recorded 60\d s ago/);
    expect(found.text).toContain(
      "pods/b/eth0 is ready, and its namespace /run/netns/fairway-none is gone",
    );
  }));

/** `ip netns exec` gives its child a mount namespace of its own: what is mounted there goes with it. */
function withMounts(node: TestNode, mounts: string, ...args: string[]) {
  const run = [binary, "doctor", "--json", ...noConflists, ...args].map((a) => `'${a}'`).join(" ");
  return inNamespace(node.lab.node, ["sh", "-c", `set -e; ${mounts}; exec ${run}`]);
}

test("a tool that is missing", () =>
  withNode((node) => {
    const nft = Bun.which("nft", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" }) ?? "";
    const empty = join(node.dataDir, "empty");
    writeFileSync(empty, "", { mode: 0o644 });
    const found = examined(
      withMounts(node, `mount --bind ${empty} ${nft}`, "--data-dir", node.dataDir),
    );
    expect(found.code).toBe(0);
    expect(found.wrong).toEqual(expect.arrayContaining(["tools.nft warn"]));
    expect(found.text).toContain("install nftables");
  }));

test("a flowtable", () =>
  withNode((node) => {
    node.add(node.pod("a"), { annotations });
    const tools = join(node.dataDir, "tools");
    mkdirSync(tools);
    // Kernels without nf_flow_table make none: this nft tells of one, in libnftables' words.
    const answer = {
      nftables: [
        { metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 } },
        {
          flowtable: {
            ...{ family: "inet", name: "fast", table: "other", handle: 2 },
            ...{ hook: "ingress", prio: 0, dev: ["uplink", "fw0"] },
          },
        },
      ],
    };
    const nft = Bun.which("nft", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
    const script = `#!/bin/sh\n[ "$3" = flowtables ] || exec ${nft} "$@"\necho '${JSON.stringify(answer)}'\n`;
    writeFileSync(join(tools, "nft"), script, { mode: 0o755 });
    const path = `PATH=${tools}:/usr/sbin:/usr/bin:/sbin:/bin`;
    const args = ["doctor", "--json", ...noConflists, "--data-dir", node.dataDir];
    const argv = ["/usr/bin/env", path, binary, ...args];
    const found = examined(inNamespace(node.lab.node, argv));
    expect(found).toMatchObject({ code: 0, wrong: ["path.flowtables warn"] });
    expect(found.text).toContain("flowtable fast of inet other (uplink, fw0)");
  }));

test("a ledger on an overlay", () =>
  withNode((node) => {
    for (const name of ["backing", "merged"]) mkdirSync(join(node.dataDir, name));
    const { dataDir: d } = node;
    // The upper layer wants a file system that is none itself.
    const mounts = [
      `mount -t tmpfs none ${d}/backing`,
      `mkdir ${d}/backing/lower ${d}/backing/upper ${d}/backing/work`,
      `mount -t overlay none -o lowerdir=${d}/backing/lower,upperdir=${d}/backing/upper,workdir=${d}/backing/work ${d}/merged`,
    ].join("; ");
    const found = examined(withMounts(node, mounts, "--data-dir", `${d}/merged`));
    expect(found.wrong).toEqual(["config warn", "ledger.fileSystem warn"]);
    expect(statSync(`${d}/merged`).isDirectory()).toBe(true);
  }));
