/** A ledger that does not know the pods that live: lost, emptied, or another folder's. Every command says so, and nothing is changed. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { must } from "../../src/prove/lab/run.ts";
import { binary } from "../support/binary.ts";
import { chainKinds, chainOn } from "../support/chain.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type Ended, type Pod, type TestNode, withNode } from "../support/node.ts";
import { hasReference } from "../support/reference.ts";
import { remember } from "../support/runtime-cache.ts";
import { until } from "../support/until.ts";

const guarantee = { "fairway.dev/egress-guarantee": "60M" };
const ledgerFile = (node: TestNode): string => join(node.dataDir, "ledger.db");
const ledgerNames = ["ledger.db", "ledger.db-wal", "ledger.db-shm"];
const nowhere = ["--bin-dir", "/none/bin", "--conf-dir", "/none/net.d"];

const forget = (node: TestNode): void => {
  for (const name of ledgerNames) rmSync(join(node.dataDir, name), { force: true });
};

interface Loss {
  title: string;
  /** The folder that is in use then. */
  lose(node: TestNode): string;
}

const losses: Loss[] = [
  {
    title: "a ledger that was deleted",
    lose: (node) => {
      forget(node);
      return node.dataDir;
    },
  },
  {
    title: "a ledger that was emptied",
    lose: (node) => {
      for (const name of ledgerNames.slice(1)) rmSync(join(node.dataDir, name), { force: true });
      truncateSync(ledgerFile(node), 0);
      return node.dataDir;
    },
  },
  {
    title: "another folder",
    lose: (node) => {
      const wrong = join(node.dataDir, "wrong");
      mkdirSync(wrong, { mode: 0o700 });
      return wrong;
    },
  },
];

const lost = ["knows no pod since the node booted", "fwv10 (", "fwv11 (", "repair --rebuild"];

interface Row {
  argv: string[];
  says?: string[];
  /** Where it says it; the other says nothing. */
  on?: "stdout" | "stderr";
}

const commands: Row[] = [
  { argv: ["status", "--no-measure"] },
  { argv: ["status", "--no-measure", "--json"] },
  { argv: ["top", "--no-measure", "--count", "1"] },
  { argv: ["repair"] },
  { argv: ["gc"] },
  { argv: ["gc", "--dry-run"] },
  { argv: ["explain"] },
  { argv: ["set", "shop/web", "egress-guarantee=70M"] },
  { argv: ["set-capacity", "--egress", "300M"] },
  {
    argv: ["doctor", "--bin-dir", "/none/bin", "--conf-dir", "/none/net.d"],
    on: "stdout",
    says: ["ERROR  ledger.rows", "wait with `fairway uninstall`"],
  },
  {
    argv: ["uninstall", ...nowhere],
    says: ["2 pods live on this node", "has no row of 2", "--data-dir", "--force takes their"],
  },
  {
    argv: ["uninstall", ...nowhere, "--dry-run"],
    says: ["2 pods live on this node", "has no row of 2"],
  },
];

/** A process that lives in a pod. Ended with the test. */
async function withProcessIn(pod: Pod, use: () => void): Promise<void> {
  const child = Bun.spawn(["ip", "netns", "exec", pod.namespace, "sleep", "600"]);
  try {
    const { ino } = statSync(pod.netns);
    await until("it is in there", () => statSync(`/proc/${child.pid}/ns/net`).ino === ino);
    use();
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}

const whole = (node: TestNode, ...pods: Pod[]): string[] => [
  dumpNode(node.lab.node),
  ...pods.map(({ namespace }) => dumpPod(namespace)),
];

describe.each(losses.map((loss) => [loss.title, loss] as const))("%s", (_, loss) => {
  test("every command fails with words, and changes nothing", () =>
    withNode(async (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a, { annotations: guarantee, args: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" });
      node.add(b);
      await withProcessIn(a, () => {
        const dataDir = loss.lose(node);
        const files = readdirSync(node.dataDir);
        const before = whole(node, a, b);
        for (const { argv, says = lost, on = "stderr" } of commands) {
          const done = inNamespace(node.lab.node, [binary, ...argv, "--data-dir", dataDir]);
          const title = argv.join(" ");
          expect(done.code, title).toBe(1);
          for (const each of says) expect(done[on], title).toContain(each);
          expect(done[on === "stderr" ? "stdout" : "stderr"], title).toBe("");
          expect(whole(node, a, b), title).toEqual(before);
        }
        // Not so much as an empty one was made.
        expect(readdirSync(node.dataDir)).toEqual(files);
        const over = { config: { dataDir, cniVersion: "1.1.0" } };
        const added = node.verb("ADD", node.pod("c"), over);
        expect(added.json).toMatchObject({
          code: 111,
          details: expect.stringMatching("--rebuild"),
        });
        const ready = node.verb("STATUS", b, over);
        expect(ready.json).toMatchObject({ code: 50, msg: expect.stringContaining("fwv11 (") });
        expect(whole(node, a, b)).toEqual(before);
      });
    }));
});

test("a row that is missing among others: nothing of its pod is a leftover, and a rebuild brings it back", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const results = [a, b].map((pod) => node.add(pod, { annotations: guarantee }));
    const cache = join(node.dataDir, "results");
    remember(cache, {
      ...{ config: node.config, containerId: b.containerId, netns: b.netns },
      ...{ annotations: guarantee, result: results[1] ?? {} },
    });
    const before = whole(node, a, b);
    const db = new Database(ledgerFile(node));
    db.run("PRAGMA foreign_keys = ON");
    db.run("DELETE FROM attachments WHERE container_id = 'b'");
    db.close();
    const says = ["has no row of what leads into living namespaces: fwv11 (", "repair --rebuild"];
    for (const argv of [["repair"], ["gc"], ["gc", "--dry-run"], ["explain"]]) {
      const done = node.fairway(...argv);
      expect(done).toMatchObject({ code: 1, stdout: "" });
      for (const each of says) expect(done.stderr).toContain(each);
    }
    // What the ledger knows is shown all the same.
    const shown = node.fairway("status", "--no-measure", "--json");
    expect(shown.code).toBe(1);
    expect(shown.stderr).toContain(says[0] as string);
    expect(JSON.parse(shown.stdout)).toMatchObject({ pods: [{ attachment: "pods/a/eth0" }] });
    expect(node.fairway("uninstall", ...nowhere)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/2 pods live .* has no row of 1: fwv11 \(.*\), pods\/a\/eth0/),
    });
    expect(whole(node, a, b)).toEqual(before);
    expect(node.fairway("repair", "--rebuild", "--cache-dir", cache).code).toBe(0);
    expect(node.fairway("repair")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(whole(node, a, b)).toEqual(before);
    for (const [pod, result] of [
      [a, results[0]],
      [b, results[1]],
    ] as const)
      expect(node.check(pod, result ?? {}).stdout).toBe("");
  }));

test("a copy of the ledger from before: who has the interface now keeps it", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a);
    const db = new Database(ledgerFile(node));
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    const copy = join(node.dataDir, "copy");
    mkdirSync(copy, { mode: 0o700 });
    copyFileSync(ledgerFile(node), join(copy, "ledger.db"));
    node.del(a);
    // It has the class and the name that a had, though a's namespace is there.
    const b = node.pod("b");
    node.add(b);
    expect(node.run("ip", "link", "show")).toContain("fwv10@");
    const before = whole(node, a, b);
    const done = inNamespace(node.lab.node, [binary, "repair", "--data-dir", copy]);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain("has no row of what leads into living namespaces: fwv10 (");
    expect(whole(node, a, b)).toEqual(before);
  }));

test("pods that went without a DEL are no loss: commands go on, and uninstall takes all away", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a);
    forget(node);
    node.run("ip", "netns", "del", a.namespace);
    expect(node.fairway("repair")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(node.fairway("status", "--no-measure")).toMatchObject({ code: 0, stderr: "" });
    expect(node.fairway("uninstall", ...nowhere)).toMatchObject({ code: 0, stderr: "" });
    expect(node.run("ip", "link", "show")).not.toMatch(/fw0|fwv/);
  }));

/** Mounted elsewhere a namespace lives without a process, as a runtime's does. */
async function withMountOf(pod: Pod, use: () => void): Promise<void> {
  const path = join(mkdtempSync(join(tmpdir(), "fairway-mount-")), "netns");
  writeFileSync(path, "");
  must(["mount", "--bind", pod.netns, path]);
  try {
    use();
  } finally {
    must(["umount", path]);
    rmSync(join(path, ".."), { recursive: true });
  }
}

test.each([
  ["a process", withProcessIn],
  ["a mount elsewhere", withMountOf],
] as const)(
  "%s keeps a pod's namespace alive whose path is gone: refused, until that ends",
  (_, whileKept) =>
    withNode(async (node) => {
      const a = node.pod("a");
      node.add(a);
      await whileKept(a, () => {
        node.run("ip", "netns", "del", a.namespace);
        for (const forgets of [false, true]) {
          if (forgets) forget(node);
          const before = dumpNode(node.lab.node);
          const done = node.fairway("uninstall", ...nowhere);
          expect(done).toMatchObject({ code: 1, stdout: "" });
          expect(done.stderr).toContain("1 pod lives on this node");
          expect(done.stderr).toContain(forgets ? "fwv10 (" : "pods/a/eth0");
          expect(dumpNode(node.lab.node)).toBe(before);
        }
      });
      expect(node.fairway("uninstall", ...nowhere)).toMatchObject({ code: 0 });
    }),
);

const unable = !hasReference("bridge", "ptp", "host-local");

describe.skipIf(unable)("chained, with its ledger lost (needs Go)", () => {
  test.each(chainKinds.map((kind) => [kind.title, kind] as const))("%s", (_, kind) =>
    withNode((node) => {
      const chain = chainOn(node, kind);
      const [a, b] = [node.pod("a"), node.pod("b")];
      const results = [a, b].map((pod) => chain.first(pod));
      const add = (pod: Pod, at: number): Ended =>
        chain.add(pod, results[at] ?? {}, { annotations: guarantee });
      expect(add(a, 0).code).toBe(0);
      forget(node);
      const before = whole(node, a, b);
      for (const argv of [
        ["repair"],
        ["gc"],
        ["status", "--no-measure"],
        ["explain"],
        ["uninstall", ...nowhere],
      ]) {
        const done = node.fairway(...argv);
        expect(done).toMatchObject({ code: 1, stdout: "" });
        expect(done.stderr).toMatch(/\(\/.*, 198\.19\.7\.\d+\)/);
      }
      const added = add(b, 1);
      expect(added.json).toMatchObject({ code: 111, msg: expect.stringContaining("198.19.7.") });
      expect(whole(node, a, b)).toEqual(before);
      // Once the pod is gone its elements are leftovers.
      chain.last(a);
      expect(add(b, 1).code).toBe(0);
      expect(node.fairway("repair").code).toBe(0);
    }),
  );
});

test("install.json names the folder: uninstall of another one is refused, whichever way it is known", () =>
  withNode((node) => {
    const at = (name: string): string => join(node.dataDir, name);
    const places = ["--bin-dir", at("bin"), "--conf-dir", at("net.d")];
    const run = (...argv: string[]) => inNamespace(node.lab.node, [binary, ...argv]);
    const installed = run(
      ...["install", ...places, "--data-dir", at("data"), "--subnet", "198.19.1.0/24"],
      ...["--uplink", "uplink", "--egress-capacity", "400M", "--ingress-capacity", "400M"],
    );
    expect(installed.code).toBe(0);
    mkdirSync(at("copy"), { mode: 0o700 });
    copyFileSync(at("data/install.json"), at("copy/install.json"));
    const before = dumpNode(node.lab.node);
    for (const [dataDir, by] of [
      [at("wrong"), at("net.d/10-fairway.conflist")],
      [at("copy"), at("copy/install.json")],
    ] as const)
      for (const more of [[], ["--dry-run"]]) {
        const done = run("uninstall", ...places, "--data-dir", dataDir, ...more);
        expect(done).toMatchObject({ code: 1, stdout: "" });
        expect(done.stderr).toContain(
          `installed with the data folder ${at("data")} (${by} says so), and ${dataDir} is asked for`,
        );
        expect(existsSync(at("net.d/10-fairway.conflist"))).toBe(true);
      }
    expect(dumpNode(node.lab.node)).toBe(before);
    const right = run("uninstall", ...places, "--data-dir", `${at("data")}/`);
    expect(right).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(at("bin"))).toBe(false);
  }));

test("another folder than install.json names, while a pod lives: refused, and --force says what it costs", () =>
  withNode(async (node) => {
    const at = (name: string): string => join(node.dataDir, name);
    const places = ["--bin-dir", at("bin"), "--conf-dir", at("net.d")];
    const run = (...argv: string[]) => inNamespace(node.lab.node, [binary, ...argv]);
    const installed = run(
      ...["install", ...places, "--data-dir", at("data"), "--subnet", "198.19.1.0/24"],
      ...["--uplink", "uplink", "--egress-capacity", "400M", "--ingress-capacity", "400M"],
    );
    expect(installed.code).toBe(0);
    const a = node.pod("a");
    node.add(a, { config: { dataDir: at("data") } });
    await withProcessIn(a, () => {
      const files = () => readdirSync(node.dataDir, { recursive: true }).toSorted();
      const before = [whole(node, a), files()];
      const wrong = ["uninstall", ...places, "--data-dir", at("wrong")];
      for (const more of [[], ["--dry-run"]]) {
        const done = run(...wrong, ...more);
        expect(done).toMatchObject({ code: 1, stdout: "" });
        expect(done.stderr).toContain(`installed with the data folder ${at("data")}`);
        expect(done.stderr).toContain(`--data-dir ${at("data")}`);
        expect([whole(node, a), files()]).toEqual(before);
      }
      // The right one refuses, too: the pod lives.
      const right = run("uninstall", ...places);
      expect(right).toMatchObject({ code: 1, stdout: "" });
      expect(right.stderr).toContain("1 pod lives on this node: pods/a/eth0");
      expect([whole(node, a), files()]).toEqual(before);
      const told = run(...wrong, "--force", "--dry-run");
      expect(told).toMatchObject({ code: 0, stderr: "" });
      expect(told.stdout).toMatch(
        /note: 1 living pod would lose the network, or the promise: fwv10 \(.*\); delete them/,
      );
      expect(told.stdout).toContain(
        `note: Fairway is installed with the data folder ${at("data")}`,
      );
      expect([whole(node, a), files()]).toEqual(before);
      const forced = run(...wrong, "--force");
      expect(forced).toMatchObject({ code: 0, stderr: "" });
      expect(forced.stdout).toMatch(
        /note: 1 pod lived, and has no network now, or no promise: fwv10 \(/,
      );
      expect(forced.stdout).toContain("not put back: no ledger says what was there before Fairway");
    });
  }));

test("a port, and a chain, that are not Fairway's stand in the way of uninstall, and --force says what goes", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a);
    node.del(a);
    node.run(..."ip link add name theirs type veth peer name their-end".split(" "));
    node.run(..."ip link set dev theirs master fw0".split(" "));
    node.run(..."ip link add link fw0 name onit type macvlan mode bridge".split(" "));
    node.run(..."ip address add 198.19.77.1/24 dev fw0".split(" "));
    node.run(..."nft add chain inet fairway theirs".split(" "));
    const before = dumpNode(node.lab.node);
    for (const more of [[], ["--dry-run"]]) {
      const refused = node.fairway("uninstall", ...nowhere, ...more);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      for (const each of [
        "the port theirs (bridge fw0)",
        "the macvlan onit on it (bridge fw0)",
        "the chain theirs (table inet fairway)",
        "--force",
      ])
        expect(refused.stderr).toContain(each);
    }
    expect(dumpNode(node.lab.node)).toBe(before);
    node.run("ip", "link", "set", "dev", "theirs", "nomaster");
    node.run("ip", "link", "del", "dev", "onit");
    const forced = node.fairway("uninstall", ...nowhere, "--force");
    expect(forced.code).toBe(0);
    for (const each of ["the chain theirs (table inet fairway)", "address 198.19.77.1/24 of fw0"])
      expect(forced.stdout).toContain(`note: not Fairway's, and goes with it: ${each}`);
  }));
