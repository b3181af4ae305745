/** A ledger that cannot be used, or says too little: what is told, what stays, and how it comes back. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { run } from "../../src/prove/lab/run.ts";
import { binary } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { attachmentNames, vanish } from "../support/gone.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";
import { remember } from "../support/runtime-cache.ts";

const promise = {
  "fairway.dev/egress-guarantee": "60M",
  "kubernetes.io/egress-bandwidth": "200M",
  "fairway.dev/ingress-guarantee": "20M",
};
const latency = { "fairway.dev/egress-guarantee": "50M", "fairway.dev/latency-target": "5ms" };
const ledgerFile = (node: TestNode): string => join(node.dataDir, "ledger.db");
const cacheOf = (node: TestNode): string => join(node.dataDir, "results");
const status: AddOptions = { config: { cniVersion: "1.1.0" } };

/** As a runtime does it: what came of it is remembered. */
function addRemembered(node: TestNode, pod: Pod, annotations = {}): Record<string, unknown> {
  const result = node.add(pod, { annotations, args: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" });
  const { containerId, netns } = pod;
  const args: [string, string][] = [
    ["K8S_POD_NAMESPACE", "shop"],
    ["K8S_POD_NAME", "web"],
  ];
  remember(cacheOf(node), { config: node.config, containerId, netns, annotations, args, result });
  return result;
}

const rebuild = (node: TestNode, ...args: string[]) =>
  node.fairway("repair", "--rebuild", "--cache-dir", cacheOf(node), ...args);

/** Rows are spread over every page but the first; what is still in the log would hide them. */
function corrupt(node: TestNode): void {
  const db = new Database(ledgerFile(node));
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const bytes = readFileSync(ledgerFile(node));
  bytes.fill(0x5a, 4096);
  writeFileSync(ledgerFile(node), bytes);
}

const addressOf = (result: Record<string, unknown>): string =>
  (result.ips as { address: string }[])[0]?.address ?? "";

const withDataDir = (node: TestNode, dataDir: string): TestNode => ({
  ...node,
  dataDir,
  fairway: (...args) => inNamespace(node.lab.node, [binary, ...args, "--data-dir", dataDir]),
});

/** A file system of its own for the ledger's folder, which goes with the test. */
async function withMount(size: string, use: (node: TestNode) => void): Promise<void> {
  const mounted = mkdtempSync(join(tmpdir(), "fairway-test-mount-"));
  const must = (...argv: string[]) => expect(run(argv)).toMatchObject({ code: 0, stderr: "" });
  must("mount", "-t", "tmpfs", "-o", `size=${size},mode=0700`, "fairway-test", mounted);
  try {
    await withNode((node) => use(withDataDir(node, mounted)), { dataDir: mounted });
  } finally {
    must("umount", mounted);
    rmSync(mounted, { recursive: true });
  }
}

describe("the ledger", () => {
  test("a full disk: refused in words, nothing half done, and DEL works once there is room", () =>
    withMount("512k", (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      const result = node.add(a, { annotations: promise });
      const fill = join(node.dataDir, "fill");
      writeFileSync(fill, "");
      try {
        for (;;) writeFileSync(fill, Buffer.alloc(4096, 1), { flag: "a" });
      } catch {
        // It is full.
      }
      const before = [dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)];
      for (const [verb, pod] of [
        ["ADD", b],
        ["DEL", a],
      ] as const)
        expect(node.verb(verb, pod).json).toMatchObject({
          code: 111,
          msg: expect.stringContaining("its file system is full"),
          details: expect.stringContaining("free space"),
        });
      expect(node.verb("STATUS", b, status).json).toMatchObject({ code: 50 });
      expect([dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)]).toEqual(before);
      rmSync(fill);
      expect(node.check(a, result).stdout).toBe("");
      node.add(b);
      node.del(a);
      node.del(b);
      expect(attachmentNames(node)).toEqual([]);
    }));

  test("a read-only file system: verbs refuse in words, and what is there can be looked at", () =>
    withMount("1m", (node) => {
      const a = node.pod("a");
      node.add(a, { annotations: promise });
      const before = dumpNode(node.lab.node);
      run(["mount", "-o", "remount,ro", node.dataDir]);
      for (const verb of ["ADD", "DEL"])
        expect(node.verb(verb, a).json).toMatchObject({
          code: 111,
          details: expect.stringContaining("read-only"),
        });
      expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
      expect(node.fairway("explain")).toMatchObject({ code: 0, stderr: "" });
      expect(dumpNode(node.lab.node)).toBe(before);
      run(["mount", "-o", "remount,rw", node.dataDir]);
      node.del(a);
    }));

  test("a newer schema is refused by every verb with words, and the pod keeps its network", () =>
    withNode((node) => {
      const a = node.pod("a");
      node.add(a);
      const before = dumpNode(node.lab.node);
      const db = new Database(ledgerFile(node));
      db.run("PRAGMA user_version = 99");
      db.close();
      for (const verb of ["ADD", "DEL"])
        expect(node.verb(verb, a).json).toMatchObject({
          code: 111,
          msg: expect.stringContaining("schema 99"),
          details: expect.stringContaining("newer fairway"),
        });
      const repaired = rebuild(node);
      expect(repaired).toMatchObject({ code: 1, stderr: expect.stringContaining("newer fairway") });
      expect(dumpNode(node.lab.node)).toBe(before);
    }));

  test("a corrupted page: detected, and rebuilt from the kernel and the runtime's cache", () =>
    withNode((node) => {
      const [a, b, gone, c] = ["a", "b", "gone", "c"].map((name) => node.pod(name)) as [
        Pod,
        Pod,
        Pod,
        Pod,
      ];
      const results = [addRemembered(node, a, promise), addRemembered(node, b, latency)];
      addRemembered(node, gone);
      vanish(node, gone);
      const before = [dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)];
      corrupt(node);

      expect(node.verb("ADD", c).json).toMatchObject({
        code: 111,
        msg: expect.stringContaining("damaged"),
        details: expect.stringContaining("repair --rebuild"),
      });
      expect(node.verb("STATUS", c, status).json).toMatchObject({ code: 50 });
      const doctor = node.fairway("doctor");
      expect(doctor).toMatchObject({ code: 1, stderr: "" });
      expect(doctor.stdout).toContain("repair --rebuild");
      expect(node.fairway("repair").code).toBe(1);
      expect([dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)]).toEqual(before);

      const rebuilt = rebuild(node);
      expect(rebuilt).toMatchObject({ code: 0, stderr: "" });
      expect(rebuilt.stdout).toContain("pods/a/eth0: 198.19.1.2, fwv10");
      expect(rebuilt.stdout).toContain("left out: pods/gone/eth0: its interface and its namespace");
      expect(rebuilt.stdout).toContain("2 attachments and 0 reservations are in a new ledger");
      expect(statSync(ledgerFile(node)).mode & 0o777).toBe(0o600);
      const files = readdirSync(node.dataDir);
      expect(files.some((name) => /^ledger\.db\.damaged-[\dTZ.-]+$/.test(name))).toBe(true);
      expect(files.filter((name) => name.startsWith("rebuild-"))).toEqual([]);
      expect([dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)]).toEqual(before);

      // What the class of the pod that went had in the kernel is a leftover; nothing else differs.
      expect(node.fairway("explain").stdout).not.toMatch(/fa01:10 |fa01:11 /);
      expect(node.fairway("repair").code).toBe(0);
      expect(node.check(a, results[0] ?? {}).stdout).toBe("");
      expect(node.check(b, results[1] ?? {}).stdout).toBe("");
      const given = addressOf(node.add(c));
      expect(results.map(addressOf)).not.toContain(given);
      expect(node.fairway("status", "--no-measure").stdout).toContain("shop/web");
      for (const pod of [a, b, c]) node.del(pod);
      expect(attachmentNames(node)).toEqual([]);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }));

  test("a rebuild takes no other node's pod for its own, though both have the same indexes", () =>
    withNode((beside) =>
      withNode((node) => {
        const nodes = [beside, node];
        for (const each of nodes)
          for (const name of ["a", "b"]) each.add(each.pod(name), { annotations: promise });
        const [, before] = nodes.map((each) => dumpNode(each.lab.node));
        corrupt(node);
        const config = join(node.dataDir, "conf");
        writeFileSync(config, JSON.stringify(node.config));
        expect(
          node.fairway("repair", "--rebuild", "--kernel-only", "--config", config),
        ).toMatchObject({ code: 0, stderr: "" });
        expect(attachmentNames(node)).toEqual([
          "pods/rebuilt-fwv10/eth0",
          "pods/rebuilt-fwv11/eth0",
        ]);
        expect(node.fairway("repair").code).toBe(0);
        expect(dumpNode(node.lab.node)).toBe(before as string);
      }),
    ));

  test("a corrupted page, and the runtime remembers nothing: no address that is in use is given", () =>
    withNode(
      (node) => {
        const pods = ["a", "b", "c"].map((name) => node.pod(name));
        const results = pods.map((pod) => node.add(pod, { annotations: promise }));
        node.del(pods[0] as Pod);
        const before = dumpNode(node.lab.node);
        corrupt(node);
        const nowhere = rebuild(node);
        expect(nowhere).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("--kernel-only"),
        });
        const config = join(node.dataDir, "conf");
        writeFileSync(config, JSON.stringify(node.config));
        const unknown = node.fairway("repair", "--rebuild", "--kernel-only");
        expect(unknown).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("--config FILE"),
        });
        expect(dumpNode(node.lab.node)).toBe(before);
        expect(existsSync(join(node.dataDir, "ledger.rebuild"))).toBe(false);

        const rebuilt = node.fairway("repair", "--rebuild", "--kernel-only", "--config", config);
        expect(rebuilt).toMatchObject({ code: 0, stderr: "" });
        expect(attachmentNames(node)).toEqual([
          "pods/rebuilt-fwv11/eth0",
          "pods/rebuilt-fwv12/eth0",
        ]);
        // Their classes are as they were, by what they say of themselves.
        expect(node.fairway("repair").code).toBe(0);
        expect(dumpNode(node.lab.node)).toBe(before);
        const [d, e] = [node.pod("d"), node.pod("e")];
        const inUse = results.slice(1).map(addressOf);
        expect(inUse).not.toContain(addressOf(node.add(d)));
        // Of three addresses two are in use, and one is d's.
        expect(node.verb("ADD", e).json).toMatchObject({ code: 101 });
        // A DEL knows the container's own name; the row goes once the pod is gone.
        node.del(pods[1] as Pod);
        vanish(node, pods[1] as Pod);
        node.add(e);
        expect(attachmentNames(node)).toEqual([
          "pods/d/eth0",
          "pods/e/eth0",
          "pods/rebuilt-fwv12/eth0",
        ]);
      },
      { ipam: { subnet: "198.19.1.0/24", rangeStart: "198.19.1.2", rangeEnd: "198.19.1.4" } },
    ));

  test("a ledger that is lost, or empty: nothing is given until it is rebuilt, and a rebuild adds what lacks", () =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      const result = addRemembered(node, a, promise);
      for (const lose of [
        () => rmSync(ledgerFile(node)),
        () => truncateSync(ledgerFile(node), 0),
      ]) {
        lose();
        expect(node.verb("ADD", b).json).toMatchObject({
          code: 111,
          msg: expect.stringMatching(/knows no pod since the node booted, and the node has fwv10/),
          details: expect.stringContaining("repair --rebuild"),
        });
        expect(node.verb("STATUS", b, status).json.msg).toContain("fwv10");
        expect(node.fairway("doctor").stdout).toContain("knows no pod since the node booted");
        const rebuilt = rebuild(node);
        expect(rebuilt.stdout).toContain("1 attachments and 0 reservations were missing");
        expect(node.check(a, result).stdout).toBe("");
        expect(rebuild(node).stdout).toContain("0 attachments and 0 reservations were missing");
      }
      node.add(b);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }));

  test("a rebuild that died is begun anew by the next, and verbs wait for it", () =>
    withNode((node) => {
      const a = node.pod("a");
      const result = addRemembered(node, a, promise);
      // As one leaves it that died when the old file was away, and the new one not there.
      writeFileSync(join(node.dataDir, "ledger.rebuild"), "");
      rmSync(ledgerFile(node));
      expect(node.verb("DEL", a).json).toMatchObject({
        code: 111,
        msg: expect.stringContaining("being rebuilt"),
      });
      expect(existsSync(ledgerFile(node))).toBe(false);
      expect(rebuild(node)).toMatchObject({ code: 0, stderr: "" });
      expect(node.check(a, result).stdout).toBe("");
    }));

  test("a record of the runtime's that cannot be read: nothing is rebuilt on half of what there is", () =>
    withNode((node) => {
      addRemembered(node, node.pod("a"));
      corrupt(node);
      const torn = join(cacheOf(node), "pods-torn-eth0");
      writeFileSync(torn, '{"kind":"cniCacheV1","containerId":"to');
      const before = readFileSync(ledgerFile(node));
      expect(rebuild(node)).toMatchObject({ code: 1, stderr: expect.stringContaining(torn) });
      expect(readFileSync(ledgerFile(node)).equals(before)).toBe(true);
      rmSync(torn);
      expect(rebuild(node).code).toBe(0);
    }));

  test("addresses that fairway-ipam gave to other plugins' pods are reserved again", () =>
    withNode((node) => {
      const netns = node.pod("a").netns;
      mkdirSync(cacheOf(node), { recursive: true });
      remember(cacheOf(node), {
        config: {
          cniVersion: "1.0.0",
          name: "others",
          type: "bridge",
          ipam: { type: "fairway-ipam", subnet: "198.19.2.0/24", dataDir: node.dataDir },
        },
        containerId: "x",
        netns,
        result: {
          cniVersion: "1.0.0",
          interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", sandbox: netns }],
          ips: [{ interface: 0, address: "198.19.2.2/24", gateway: "198.19.2.1" }],
        },
      });
      expect(rebuild(node).stdout).toContain("reserved: 198.19.2.2 of network others for x/eth0");
      expect(node.fairway("ipam", "list").stdout).toMatch(/others +198\.19\.2\.2 .*x\/eth0/);
    }));

  test("a clock that jumps: nobody alive is freed, and nobody is held for ever", () =>
    withNode((node) => {
      const a = node.pod("a");
      const result = node.add(a, { annotations: promise });
      const setClock = (ms: number): void => {
        const db = new Database(ledgerFile(node));
        db.run("UPDATE attachments SET created_at_ms = ?", [ms]);
        db.close();
      };
      for (const ms of [0, Date.now() + 1e11]) {
        setClock(ms);
        expect(node.fairway("gc").stdout).not.toContain("pods/a/eth0");
        expect(node.check(a, result).stdout).toBe("");
      }
      vanish(node, a);
      expect(node.fairway("gc").stdout).toContain("pods/a/eth0");
      expect(attachmentNames(node)).toEqual([]);
    }));

  test("a reboot: nothing leaks, and nothing alive is freed", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "fairway-test-"));
    try {
      await withNode(
        (node) => {
          for (const name of ["a", "b"]) node.add(node.pod(name), { annotations: promise });
        },
        { dataDir },
      );
      // The machine is another one now, but for its disk; the rows are of a boot that is over.
      const db = new Database(join(dataDir, "ledger.db"));
      const old = "00000000-0000-4000-8000-000000000000";
      for (const table of ["attachments", "leases", "facts", "networks", "former_roots"])
        db.run(`UPDATE ${table} SET boot_id = ?`, [old]);
      db.close();
      await withNode(
        (fresh) => {
          const node = withDataDir(fresh, dataDir);
          expect(attachmentNames(node)).toEqual([]);
          const [c, d] = [node.pod("c"), node.pod("d")];
          const result = node.add(c, { annotations: promise });
          const rows = () => {
            const read = new Database(join(dataDir, "ledger.db"), { readonly: true });
            const found = read.query("SELECT container_id AS id FROM attachments").all();
            read.close();
            return found;
          };
          expect(rows()).toEqual([{ id: "c" }]);
          // A DEL of what was there before the boot takes nothing of what is there now.
          node.del({ ...d, containerId: "a" });
          expect(node.check(c, result).stdout).toBe("");
          expect(rows()).toEqual([{ id: "c" }]);
          node.del(c);
          expect(rows()).toEqual([]);
        },
        { dataDir },
      );
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
