/** What a kernel that lacks a part says, reached by asking this one for a part that it lacks. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

test("a kernel without HTB: which part, what to load, and nothing left, not even on the uplink", () =>
  withNode((node) => {
    const folder = join(node.dataDir, "tools");
    mkdirSync(folder);
    const tc = join(folder, "tc");
    // A scheduler that no kernel has, in HTB's place: the kernel's answer is its own.
    writeFileSync(tc, `#!/bin/sh\nsed 's/ htb default .*/ teql9/' | /sbin/tc "$@"\n`);
    chmodSync(tc, 0o755);
    const pod = node.pod("a");
    node.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    const before = dumpNode(node.lab.node) + dumpPod(pod.namespace);
    const added = node.verb("ADD", pod, {
      env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, FAIRWAY_BACKEND: "exec" },
    });
    expect(added.json).toMatchObject({
      code: 106,
      msg: expect.stringContaining("qdisc of class fa00:1 on uplink"),
      details: expect.stringContaining("modprobe sch_htb"),
    });
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
  }));

/** A kind of chain that the bridge family has on no kernel, in place of the one that it may lack. */
function withoutBridgeFamily(node: TestNode): string {
  const folder = join(node.dataDir, "tools");
  mkdirSync(folder);
  const nft = join(folder, "nft");
  writeFileSync(
    nft,
    `#!/bin/sh\nsed '/chain bridge fairway/s/type filter/type nat/' | /usr/sbin/nft "$@"\n`,
  );
  chmodSync(nft, 0o755);
  return `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`;
}

test("a kernel without nf_tables for bridges: STATUS and ADD say so, what to do, and nothing is left", () =>
  withNode((node) => {
    const byTools = { PATH: withoutBridgeFamily(node), FAIRWAY_BACKEND: "exec" };
    const pod = node.pod("a");
    node.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    const before = dumpNode(node.lab.node) + dumpPod(pod.namespace);
    const told = {
      msg: expect.stringContaining("nftables table bridge fairway"),
      details: expect.stringMatching(/CONFIG_NF_TABLES_BRIDGE.*antiSpoof: false/),
    };
    const version = { config: { cniVersion: "1.1.0" }, env: byTools };
    expect(node.verb("STATUS", pod, version).json).toMatchObject({ code: 50, ...told });
    expect(node.verb("ADD", pod, { env: byTools }).json).toMatchObject({ code: 106, ...told });
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
    // What the operator may do about it.
    const open = { env: byTools, config: { antiSpoof: false } };
    expect(
      node.verb("STATUS", pod, { ...version, config: { cniVersion: "1.1.0", antiSpoof: false } })
        .code,
    ).toBe(0);
    node.add(pod, open);
    node.del(pod, open);
  }));
