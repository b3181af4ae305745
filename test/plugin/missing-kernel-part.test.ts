/** What a kernel that lacks a part says, reached by asking this one for a part that it lacks. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { withNode } from "../support/node.ts";

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
      env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` },
    });
    expect(added.json).toMatchObject({
      code: 106,
      msg: expect.stringContaining("qdisc of class fa00:1 on uplink"),
      details: expect.stringContaining("modprobe sch_htb"),
    });
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
  }));
