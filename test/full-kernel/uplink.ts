/** An uplink with queues of its own: what the kernel attached is replaced, what a user made is not. */

import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/prove/lab/run.ts";
import { type TestNode, withNode } from "../support/node.ts";
import type { Suite } from "./suite.ts";

/** A tap has one real queue, unlike veth: the kernel gives it net.core.default_qdisc. */
function addTap(node: TestNode, name: string, queues: 1 | 2): void {
  const many = queues === 1 ? [] : ["multi_queue"];
  node.run("ip", "tuntap", "add", "mode", "tap", ...many, "name", name);
  node.run("ip", "link", "set", "dev", name, "up");
}

const over = (name: string) => ({
  uplink: { name, egressCapacity: "100M", ingressCapacity: "100M" },
});

const root = (node: TestNode, dev: string): string =>
  node.run("tc", "qdisc", "show", "dev", dev).split("\n")[0] ?? "";

function formerRoots(node: TestNode): unknown[] {
  using db = new Database(join(node.dataDir, "ledger.db"), { readonly: true });
  return db.query("SELECT device, kind, handle FROM former_roots WHERE device <> 'fw0'").all();
}

/** The folders of this node's runtime are nowhere: only the kernel is put back. */
function uninstall(node: TestNode): string {
  const done = node.fairway("uninstall", "--bin-dir", "/none/bin", "--conf-dir", "/none/net.d");
  assert.equal(done.code, 0, done.stderr);
  return done.stdout;
}

/** What the kernel attaches by itself. */
const defaults = ["fq_codel", "pfifo_fast", "fq", "sfq"] as const;

/** What a person made of the root. */
const foreign: { title: string; commands: string[]; names: RegExp }[] = [
  {
    title: "a fq_codel with a user's filter",
    commands: [
      "tc qdisc replace dev wan root handle 7: fq_codel",
      "tc filter add dev wan parent 7: protocol ip u32 match ip dport 53 0xffff classid 7:1",
    ],
    names: /root qdisc of wan is fq_codel 7:/,
  },
  {
    title: "an HTB",
    commands: ["tc qdisc replace dev wan root handle 7: htb"],
    names: /root qdisc of wan is htb 7:/,
  },
  {
    title: "a cake",
    commands: ["tc qdisc replace dev wan root handle 7: cake bandwidth 50mbit"],
    names: /root qdisc of wan is cake 7:/,
  },
  {
    title: "a fq_codel with settings",
    commands: ["tc qdisc replace dev wan root handle 7: fq_codel limit 999 flows 64"],
    names:
      /root qdisc of wan is fq_codel 7: \(with .*limit is 999 packets, by default 10240 packets, flows is 64/,
  },
  {
    title: "a fq_codel with a target",
    commands: ["tc qdisc replace dev wan root handle 7: fq_codel target 2ms noecn"],
    names: /root qdisc of wan is fq_codel 7: \(with .*target is .*ecn is false, by default true/,
  },
  {
    title: "a fq",
    commands: ["tc qdisc replace dev wan root handle 7: fq maxrate 50mbit"],
    names: /root qdisc of wan is fq 7: \(which somebody put there/,
  },
  {
    title: "the kernel's own with a user's filter",
    commands: ["tc filter add dev wan protocol ip u32 match ip dport 53 0xffff classid 0:1"],
    names: /root qdisc of wan is fq_codel 0: \(with somebody's filters\)/,
  },
  {
    title: "a prio",
    commands: ["tc qdisc replace dev wan root handle 7: prio"],
    names: /root qdisc of wan is prio 7:/,
  },
];

export const uplink: Suite = async (test) => {
  // No device node brings it where nobody manages devices.
  must(["modprobe", "tun"]);
  for (const kind of defaults)
    await test(`a default root ${kind} is recorded and replaced`, () =>
      withNode((node) => {
        setDefault(kind);
        addTap(node, "wan", 1);
        setDefault("fq_codel");
        assert.match(root(node, "wan"), new RegExp(`^qdisc ${kind} 0: `));
        const pod = node.pod("a");
        const result = node.add(pod, { config: over("wan") });
        assert.match(root(node, "wan"), /^qdisc tbf fa00: root/);
        assert.equal(node.check(pod, result, { config: over("wan") }).stdout, "");
        assert.deepEqual(formerRoots(node), [{ device: "wan", kind, handle: "0:" }]);
        node.del(pod);
        // What the kernel attaches anew is its choice of this moment.
        setDefault(kind);
        assert.doesNotMatch(uninstall(node), /not put back/);
        setDefault("fq_codel");
        assert.match(root(node, "wan"), new RegExp(`^qdisc ${kind} 0: `));
      }));
  await test("a default root that the kernel would not choose any more is said", () =>
    withNode((node) => {
      setDefault("pfifo_fast");
      addTap(node, "wan", 1);
      setDefault("fq_codel");
      const pod = node.pod("a");
      node.add(pod, { config: over("wan") });
      node.del(pod);
      assert.match(
        uninstall(node),
        /not put back: the root qdisc of wan was pfifo_fast, the kernel's own; now its choice is fq_codel/,
      );
    }));
  await test("a root that a person made without settings comes back", () =>
    withNode((node) => {
      addTap(node, "wan", 1);
      node.run(..."tc qdisc replace dev wan root handle 7: fq_codel".split(" "));
      const before = root(node, "wan");
      assert.match(before, /^qdisc fq_codel 7: /);
      const pod = node.pod("a");
      node.add(pod, { config: over("wan") });
      assert.match(root(node, "wan"), /^qdisc tbf fa00: root/);
      node.del(pod);
      assert.doesNotMatch(uninstall(node), /not put back/);
      assert.equal(root(node, "wan"), before);
    }));
  await test("queues below a default mq that the kernel would not choose any more are said", () =>
    withNode((node) => {
      setDefault("pfifo_fast");
      addTap(node, "wan", 2);
      setDefault("fq_codel");
      const pod = node.pod("a");
      node.add(pod, { config: over("wan") });
      node.del(pod);
      assert.match(
        uninstall(node),
        /not put back: the queues below the root mq of wan were pfifo_fast, the kernel's own; now its choice is fq_codel/,
      );
    }));
  await test("a tuned queue below an mq is refused, named and left alone", () =>
    withNode((node) => {
      addTap(node, "wan", 2);
      node.run(..."tc qdisc replace dev wan root handle 1: mq".split(" "));
      node.run(..."tc qdisc replace dev wan parent 1:1 handle 11: fq maxrate 50mbit".split(" "));
      const before = node.run("tc", "qdisc", "show", "dev", "wan");
      const added = node.verb("ADD", node.pod("a"), { config: over("wan") });
      assert.equal(added.json.code, 104, added.stdout);
      assert.match(String(added.json.msg), /is mq 1: \(with fq 11: at 1:1 below it\)/);
      assert.equal(node.run("tc", "qdisc", "show", "dev", "wan"), before);
    }));
  await test("a bridge of our name that a device stands on is refused", () =>
    withNode((node) => {
      node.run(..."ip link add name fw0 type bridge".split(" "));
      node.run(..."ip link add link fw0 name fw0.7 type vlan id 7".split(" "));
      const added = node.verb("ADD", node.pod("a"));
      assert.equal(added.json.code, 7, added.stdout);
      assert.match(String(added.json.msg), /bridge fw0 already, .* with the vlan fw0\.7 on it/);
    }));
  await test("a default mq over two queues is recorded and replaced", () =>
    withNode((node) => {
      addTap(node, "wan", 2);
      const before = node.run("tc", "qdisc", "show", "dev", "wan");
      assert.match(root(node, "wan"), /^qdisc mq 0: /);
      const pod = node.pod("a");
      const result = node.add(pod, { config: over("wan") });
      assert.match(root(node, "wan"), /^qdisc tbf fa00: root/);
      assert.equal(node.check(pod, result, { config: over("wan") }).stdout, "");
      assert.deepEqual(formerRoots(node), [{ device: "wan", kind: "mq", handle: "0:" }]);
      node.del(pod);
      assert.doesNotMatch(uninstall(node), /not put back/);
      assert.equal(node.run("tc", "qdisc", "show", "dev", "wan"), before);
    }));
  await withNode(async (node) => {
    const pod = node.pod("a");
    for (const { title, commands, names } of foreign)
      await test(`${title} is refused, named and left alone`, () => {
        addTap(node, "wan", 1);
        for (const command of commands) node.run(...command.split(" "));
        const before = root(node, "wan");
        const added = node.verb("ADD", pod, { config: over("wan") });
        assert.equal(added.json.code, 104, added.stdout);
        assert.match(String(added.json.msg), names);
        assert.equal(root(node, "wan"), before);
        const status = node.verb("STATUS", pod, {
          config: { ...over("wan"), cniVersion: "1.1.0" },
        });
        assert.equal(status.json.code, 50, status.stdout);
        assert.match(String(status.json.msg), names);
        node.run("ip", "link", "del", "dev", "wan");
      });
  });
};

/** Only the first network namespace has this setting, and it counts for all. */
function setDefault(kind: string): void {
  writeFileSync("/proc/sys/net/core/default_qdisc", kind);
}
