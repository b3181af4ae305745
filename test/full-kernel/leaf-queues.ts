/** The queue below each leaf: what this kernel offers, found out, chosen, exact in CHECK, put back by repair. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";
import type { Suite, Test } from "./suite.ts";

interface Status {
  leafQueues: {
    kind: string;
    why: string;
    release: string | null;
    probed: { kind: string; offered: boolean; reason: string | null }[];
  };
}

const statusOf = (node: TestNode) =>
  (JSON.parse(node.fairway("status", "--json").stdout) as Status).leafQueues;

const leavesOf = (node: TestNode, dev: string): string[] =>
  node
    .run("tc", "qdisc", "show", "dev", dev)
    .split("\n")
    .filter((line) => line.includes("parent fa01:"));

/** Promises from the smallest to the largest that the node has: each with other numbers below its leaves. */
const promises: { title: string; annotations: Record<string, string> }[] = [
  { title: "best effort", annotations: {} },
  { title: "a limit of 1 kbit/s", annotations: limits("1k") },
  { title: "a limit of 333333 bit/s", annotations: limits("333333") },
  { title: "a limit of 7 Mbit/s", annotations: limits("7M") },
  { title: "a limit of 399 Mbit/s", annotations: limits("399M") },
  { title: "a guarantee", annotations: guarantees("31M") },
  { title: "a latency target of 4 ms", annotations: target("17M", "4ms") },
  { title: "a latency target of 3777 us", annotations: target("100M", "3777us") },
  { title: "a latency target of 50 ms", annotations: target("5M", "50ms") },
];

function limits(rate: string): Record<string, string> {
  return { "kubernetes.io/egress-bandwidth": rate, "kubernetes.io/ingress-bandwidth": rate };
}
function guarantees(rate: string): Record<string, string> {
  return { "fairway.dev/egress-guarantee": rate, "fairway.dev/ingress-guarantee": rate };
}
function target(rate: string, time: string): Record<string, string> {
  return { ...guarantees(rate), "fairway.dev/latency-target": time };
}

const change = "tc qdisc change dev uplink parent fa01:10 handle 10: fq_codel";
const leaf = "qdisc of class fa01:10 on uplink";

/** What tells of each setting that CHECK saw it. */
const tampering: { title: string; commands: string[]; names: string }[] = [
  { title: "its target", commands: [`${change} target 6ms`], names: `${leaf}: target is` },
  { title: "its interval", commands: [`${change} interval 50ms`], names: `${leaf}: interval is` },
  { title: "its limit", commands: [`${change} limit 10`], names: `${leaf}: limit is 10 packets` },
  {
    title: "its memory limit",
    commands: [`${change} memory_limit 1000000b`],
    names: `${leaf}: memory limit is 1000000 bytes`,
  },
  { title: "its quantum", commands: [`${change} quantum 300`], names: `${leaf}: quantum is 300` },
  { title: "its batch", commands: [`${change} drop_batch 1`], names: `${leaf}: drop batch is 1` },
  { title: "its ECN", commands: [`${change} noecn`], names: `${leaf}: ecn is false` },
  {
    title: "a threshold, which has to be made anew",
    commands: [`${change} ce_threshold 1ms`],
    names: `${leaf}: ce_threshold is`,
  },
  {
    title: "its number of flows, which has to be made anew",
    commands: [
      "tc qdisc del dev uplink parent fa01:10",
      "tc qdisc add dev uplink parent fa01:10 handle 10: fq_codel flows 16",
    ],
    names: `${leaf}: target is`,
  },
  {
    title: "a fifo under our handle",
    commands: [
      "tc qdisc del dev uplink parent fa01:10",
      "tc qdisc add dev uplink parent fa01:10 handle 10: bfifo limit 9999b",
    ],
    names: `${leaf}: is bfifo`,
  },
  {
    title: "a fq under a handle of its own",
    commands: ["tc qdisc replace dev uplink parent fa01:10 handle f000: fq"],
    names: `${leaf}: is fq`,
  },
  {
    title: "the queue gone",
    commands: ["tc qdisc del dev uplink parent fa01:10"],
    names: `${leaf} is missing`,
  },
  {
    title: "the host's queue changed",
    commands: ["tc qdisc change dev uplink parent fa01:2 handle 2: fq_codel target 1ms"],
    names: "qdisc of class fa01:2 on uplink: target is",
  },
];

export const offered: Suite = (test) =>
  withNode(async (node) => {
    await test("before the first ADD it is said what is assumed", () => {
      assert.equal(statusOf(node).release, null);
      assert.match(statusOf(node).why, /^assumed/);
    });
    const pod = node.pod("a");
    const result = node.add(pod, { annotations: target("100M", "2ms") });
    await test("fq_codel is found, chosen and remembered, and nothing is left of the look", () => {
      const { kind, why, release, probed } = statusOf(node);
      assert.equal(kind, "fq_codel");
      assert.deepEqual(probed, [{ kind: "fq_codel", offered: true, reason: null }]);
      assert.equal(release, node.run("uname", "-r").trim());
      assert.match(why, new RegExp(`^kernel ${release} offers fq_codel`));
      assert.doesNotMatch(node.run("ip", "link", "show"), /fwprobe/);
      for (const dev of ["uplink", "fw0"])
        for (const line of leavesOf(node, dev)) assert.match(line, /^qdisc fq_codel .* ecn/);
      // The pod's and the host's; the pod's.
      assert.deepEqual([leavesOf(node, "uplink").length, leavesOf(node, "fw0").length], [2, 1]);
    });
    await tamperings(test, node, () => String(node.check(pod, result).json.msg ?? ""));
  });

async function tamperings(test: Test, node: TestNode, check: () => string): Promise<void> {
  const before = dumpNode(node.lab.node);
  for (const { title, commands, names } of tampering)
    await test(`altered: ${title}`, () => {
      for (const command of commands) node.run(...command.split(" "));
      const found = check();
      assert.ok(found.includes(names), found);
      const repaired = node.fairway("repair");
      assert.equal(repaired.code, 0, repaired.stderr);
    });
  await test("all of it is as it was before", () => {
    assert.equal(check(), "");
    assert.equal(dumpNode(node.lab.node), before);
    assert.match(node.fairway("explain").stdout, /nothing to do/);
  });
}

export const exact: Suite = (test) =>
  withNode(async (node) => {
    for (const [index, { title, annotations }] of promises.entries())
      await test(`CHECK is exact for ${title}`, () => {
        const pod = node.pod(`p${index}`);
        const result = node.add(pod, { annotations });
        const checked = node.check(pod, result);
        assert.equal(checked.stdout, "");
        assert.equal(checked.code, 0);
      });
    await test("nothing is to be repaired for any of them", () => {
      assert.match(node.fairway("explain").stdout, /nothing to do/);
      assert.equal(leavesOf(node, "fw0").length, promises.length);
    });
  });

/** As on a kernel without it: a kind that no kernel has is asked for in its place, so the answer is the kernel's own. */
function withoutFqCodel(node: TestNode): string {
  const folder = join(node.dataDir, "tools");
  mkdirSync(folder);
  const tc = join(folder, "tc");
  writeFileSync(tc, `#!/bin/sh\nsed 's/ fq_codel .*/ teql9/' | /usr/sbin/tc "$@"\n`);
  chmodSync(tc, 0o755);
  return `${folder}:/usr/sbin:/usr/bin`;
}

export const missing: Suite = (test) =>
  withNode(async (node) => {
    await test("without fq_codel it is a fifo, with the kernel's reason, and stays one", () => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      const result = node.add(a, { env: { PATH: withoutFqCodel(node), FAIRWAY_BACKEND: "exec" } });
      const { kind, probed } = statusOf(node);
      assert.equal(kind, "bfifo");
      assert.equal(probed[0]?.offered, false);
      assert.match(String(probed[0]?.reason), /qdisc kind is unknown/i);
      // What was found is remembered: the look is not repeated.
      const other = node.add(b);
      assert.equal(node.check(a, result).stdout, "");
      assert.equal(node.check(b, other).stdout, "");
      for (const line of leavesOf(node, "uplink")) assert.match(line, /^qdisc bfifo/);
    });
    await test("a fq_codel in a fifo's place is named and put back", () => {
      node.run(..."tc qdisc del dev uplink parent fa01:10".split(" "));
      node.run(..."tc qdisc add dev uplink parent fa01:10 handle 10: fq_codel".split(" "));
      const explained = node.fairway("explain");
      assert.equal(explained.code, 3);
      assert.match(explained.stdout, /is fq_codel, should be bfifo/);
      assert.equal(node.fairway("repair").code, 0);
      assert.match(node.fairway("explain").stdout, /nothing to do/);
    });
  });
