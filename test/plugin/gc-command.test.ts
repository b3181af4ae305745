/** `fairway gc`: what is gone is found and freed; what may be alive is told and kept. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { uptime } from "node:os";
import { join } from "node:path";
import { binary } from "../support/binary.ts";
import { listResponse, withRuntime } from "../support/cri.ts";
import { dumpNode } from "../support/dump.ts";
import { attachmentNames, vanish } from "../support/gone.ts";
import { type TestNode, withNode } from "../support/node.ts";

function inLedger(node: TestNode, sql: string): void {
  const db = new Database(join(node.dataDir, "ledger.db"));
  db.run("PRAGMA foreign_keys = ON");
  db.run(sql);
  db.close();
}

const gone: [string, (node: TestNode) => void, string][] = [
  [
    "its namespace went",
    (node) => vanish(node, { containerId: "a", namespace: `${stem(node)}-a`, netns: "" }),
    "pods/a/eth0, 198.19.1.2: its namespace is gone, and its host interface with it",
  ],
  [
    "its ADD died",
    (node) => inLedger(node, "UPDATE attachments SET phase = 'adding' WHERE container_id = 'a'"),
    "pods/a/eth0, 198.19.1.2: its ADD died",
  ],
  [
    "its DEL died",
    (node) => inLedger(node, "UPDATE attachments SET phase = 'deleting' WHERE container_id = 'a'"),
    "pods/a/eth0, 198.19.1.2: its DEL died, or was refused",
  ],
];

const stem = (node: TestNode): string => node.lab.node.replace(/-node$/, "");

test.each(gone)(
  "%s: --dry-run tells it and touches nothing, gc frees it and nothing else",
  (_, harm, says) =>
    withNode((node) => {
      node.add(node.pod("b"));
      node.del({ containerId: "b", namespace: "", netns: "" });
      const b = node.pod("bb");
      const a = node.pod("a");
      node.add(a, {
        annotations: { "fairway.dev/egress-guarantee": "100M" },
        runtimeConfig: { ips: ["198.19.1.2"] },
      });
      const result = node.add(b);
      expect(node.fairway("gc")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
      harm(node);
      const before = dumpNode(node.lab.node);
      expect(node.fairway("gc", "--dry-run")).toMatchObject({
        code: 0,
        stdout: `would free: ${says}\n`,
      });
      expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/bb/eth0"]);
      expect(dumpNode(node.lab.node)).toBe(before);
      expect(node.fairway("gc")).toMatchObject({ code: 0, stdout: `freed: ${says}\n` });
      expect(attachmentNames(node)).toEqual(["pods/bb/eth0"]);
      expect(node.fairway("gc")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      expect(node.run("tc", "class", "show", "dev", "uplink")).not.toContain("100Mbit");
      expect(node.run("ip", "link", "show")).not.toContain("fwv10");
      expect(node.check(b, result).stdout).toBe("");
    }),
);

test("rows of an earlier boot are freed; the kernel has nothing of them", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    node.run("ip", "link", "del", "fwv10");
    for (const table of ["attachments", "leases", "facts"])
      inLedger(node, `UPDATE ${table} SET boot_id = 'an earlier boot'`);
    const says = "pods/a/eth0, 198.19.1.2: the node was booted since";
    expect(node.fairway("gc", "--dry-run").stdout).toContain(`would free: ${says}\n`);
    expect(node.fairway("gc").stdout).toContain(`freed: ${says}\n`);
    expect(node.fairway("gc")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
  }));

test("what may be alive is kept, and told", () =>
  withNode(async (node) => {
    const a = node.pod("a");
    node.add(a);
    const holder = Bun.spawn(["ip", "netns", "exec", a.namespace, "sleep", "60"]);
    try {
      while (node.run("ip", "netns", "pids", a.namespace).trim() === "") await Bun.sleep(5);
      node.run("ip", "netns", "del", a.namespace);
      const says =
        "pods/a/eth0, 198.19.1.2: nothing is at its namespace's path, but its host interface is there";
      for (const args of [["--dry-run"], []])
        expect(node.fairway("gc", ...args)).toMatchObject({
          code: 0,
          stdout: `kept, in doubt: ${says}\n`,
        });
      expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    } finally {
      holder.kill();
      await holder.exited;
    }
  }));

test("away from the node's network namespace nothing is freed", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a);
    vanish(node, a);
    const elsewhere = node.lab.addPod("elsewhere");
    const done = Bun.spawnSync([
      "ip",
      "netns",
      "exec",
      elsewhere,
      binary,
      "gc",
      "--data-dir",
      node.dataDir,
    ]);
    expect(done.stdout.toString()).toMatch(
      /^kept, in doubt: pods\/a.* not the node's network namespace/,
    );
    expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    expect(node.fairway("gc").stdout).toMatch(/^freed: pods\/a/);
  }));

const leftovers: [string, string[], string][] = [
  [
    "a class and its queue",
    [
      "tc class add dev uplink parent fa01:1 classid fa01:99 htb rate 1mbit",
      "tc qdisc add dev uplink parent fa01:99 handle 99: bfifo limit 9000b",
    ],
    "class fa01:99 on uplink is nobody's",
  ],
  [
    "an element",
    ["nft add element inet fairway class4 { 198.19.1.99 : fa01:99 }"],
    "element 198.19.1.99 of class4 is nobody's",
  ],
  [
    "a pair on the bridge",
    ["ip link add name fwv99 type veth peer name peer99", "ip link set dev fwv99 master fw0"],
    "veth pair fwv99 is nobody's",
  ],
  [
    "a pair as a killed ADD leaves it",
    ["ip link add name fwv99 address 0e:58:00:00:00:99 type veth peer name peer99"],
    "veth pair fwv99 is nobody's",
  ],
];

test.each(leftovers)(
  "%s that no attachment owns is removed; drift is left to repair, and others' devices to them",
  (_, commands, says) =>
    withNode((node) => {
      node.add(node.pod("a"));
      // Neither ours, though the first looks a little like it.
      node.run("ip", "link", "add", "name", "fwvx", "type", "veth", "peer", "name", "peerx");
      node.run("ip", "link", "add", "name", "fwv77", "type", "veth", "peer", "name", "peer77");
      const drift =
        "tc class change dev uplink parent fa01:1 classid fa01:10 htb rate 3mbit ceil 3mbit";
      node.run(...drift.split(" "));
      const before = dumpNode(node.lab.node);
      for (const command of commands) node.run("sh", "-c", command);
      const dirty = dumpNode(node.lab.node);
      expect(node.fairway("gc", "--dry-run").stdout).toContain(`would remove: ${says}`);
      expect(dumpNode(node.lab.node)).toBe(dirty);
      expect(node.fairway("gc").stdout).toContain(`removed: ${says}`);
      expect(dumpNode(node.lab.node)).toBe(before);
    }),
);

test("what the kernel refuses is told, the rest is freed, and the exit code is 1", () =>
  withNode((node) => {
    const pods = ["a", "b"].map((name) => node.pod(name));
    for (const pod of pods) node.add(pod);
    for (const pod of pods) vanish(node, pod);
    // Somebody hung a class of theirs below one that has to go.
    node.run("tc", "qdisc", "del", "dev", "uplink", "parent", "fa01:10");
    node.run(..."tc class add dev uplink parent fa01:10 classid fa01:98 htb rate 1mbit".split(" "));
    const done = node.fairway("gc");
    expect(done.code).toBe(1);
    expect(done.stdout).toContain("freed: pods/b/eth0");
    expect(done.stdout).toMatch(/FAILED: pods\/a\/eth0.*class fa01:10/);
    expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
  }));

/** A runtime that lists these. */
const withSandboxes = (
  ids: string[],
  use: (endpoint: string) => Promise<void>,
  folder: string,
): Promise<void> => withRuntime(folder, listResponse(ids), use);

/** Beside the runtime, which is in this process. */
async function gc(
  node: TestNode,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn(
    ["ip", "netns", "exec", node.lab.node, binary, "gc", "--data-dir", node.dataDir, ...args],
    { stdout: "pipe", stderr: "pipe", timeout: 30_000 },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

/** Nothing on a node is older than the node is up. */
async function whenUpLongEnough(): Promise<void> {
  while (uptime() < 301) await Bun.sleep(1_000);
}

const old =
  "UPDATE attachments SET created_at_ms = created_at_ms - 3600000, created_up_ms = created_up_ms - 3600000";

test(
  "a sandbox that the runtime does not list is gone with its namespace still there, unless it is new; what is listed stays, whatever it looks like",
  () =>
    withNode((node) =>
      withSandboxes(
        ["a", "stranger"],
        async (endpoint) => {
          await whenUpLongEnough();
          const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
          for (const pod of [a, b]) node.add(pod);
          inLedger(node, old);
          node.add(c);
          vanish(node, a);
          const says = "pods/b/eth0, 198.19.1.3: the runtime does not list it";
          const young =
            "pods/c/eth0, 198.19.1.4: the runtime does not list it, but it was added less than 5 minutes ago";
          expect(await gc(node, "--cri", endpoint, "--dry-run")).toEqual({
            code: 0,
            stdout: `would free: ${says}\nkept, in doubt: ${young}\n`,
            stderr: "",
          });
          expect(await gc(node, "--cri", endpoint)).toMatchObject({
            stdout: `freed: ${says}\nkept, in doubt: ${young}\n`,
          });
          expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/c/eth0"]);
        },
        node.dataDir,
      ),
    ),
  400_000,
);

test(
  "a runtime that knows none of ours is believed only with --even-all; one that does not answer, never",
  () =>
    withNode((node) =>
      withSandboxes(
        ["stranger"],
        async (endpoint) => {
          await whenUpLongEnough();
          node.add(node.pod("a"));
          inLedger(node, old);
          for (const args of [[], ["--dry-run"]])
            expect(await gc(node, "--cri", endpoint, ...args)).toMatchObject({
              code: 1,
              stdout: "",
              stderr: expect.stringContaining(
                "lists 1 sandboxes, and none of the 1 that fairway holds",
              ),
            });
          expect(await gc(node, "--cri", `${endpoint}.not`, "--even-all")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining("gave no answer"),
          });
          expect(await gc(node, "--even-all")).toMatchObject({
            code: 2,
            stderr: expect.stringContaining("--cri"),
          });
          expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
          expect(await gc(node, "--cri", endpoint, "--even-all")).toMatchObject({ code: 0 });
          expect(attachmentNames(node)).toEqual([]);
          expect(node.fairway("explain").stdout).toContain("nothing to do");
        },
        node.dataDir,
      ),
    ),
  400_000,
);
