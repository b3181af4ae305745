/** Which queue stands below each leaf, on the kernel at hand: found out once, remembered, told. */
import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestNode, withNode } from "../support/node.ts";

interface LeafQueues {
  kind: string;
  why: string;
  release: string | null;
  probed: { kind: string; offered: boolean; reason: string | null }[];
}

const leafQueuesOf = (node: TestNode): LeafQueues =>
  (JSON.parse(node.fairway("status", "--json").stdout) as { leafQueues: LeafQueues }).leafQueues;

/** A tc that writes down what it is told, before the real one does it. */
function listeningTc(): Disposable & { env: Record<string, string>; heard(): string } {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  const [tc, log] = [join(folder, "tc"), join(folder, "log")];
  const real = Bun.which("tc", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
  writeFileSync(tc, `#!/bin/sh\ntee -a ${log} | exec ${real} "$@"\n`);
  writeFileSync(log, "");
  chmodSync(tc, 0o755);
  return {
    env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, FAIRWAY_BACKEND: "exec" },
    heard: () => readFileSync(log, "utf8"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test("the first ADD looks what the kernel offers, the second does not; status tells it and why", () =>
  withNode((node) => {
    using tc = listeningTc();
    expect(leafQueuesOf(node)).toMatchObject({
      release: null,
      why: expect.stringMatching(/^assumed/),
    });
    node.add(node.pod("a"), { env: tc.env });
    expect(tc.heard()).toContain("dev fwprobe");
    const found = leafQueuesOf(node);
    const [codel] = found.probed;
    expect(found.kind).toBe(codel?.offered === true ? "fq_codel" : "bfifo");
    expect(found.release).toBe(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim());
    expect(found.why).toContain(`kernel ${found.release} offers `);
    if (codel?.offered === false) expect(codel.reason).toMatch(/qdisc kind is unknown/i);
    const before = tc.heard().length;
    node.add(node.pod("b"), { env: tc.env });
    expect(tc.heard().slice(before)).not.toContain("fwprobe");
    expect(node.run("tc", "qdisc", "show", "dev", "uplink")).toContain(
      `qdisc ${found.kind} 10: parent fa01:10`,
    );
    expect(node.run("ip", "link", "show")).not.toContain("fwprobe");
  }));

test("a device of somebody else's that has the probe's name is neither used nor removed", () =>
  withNode((node) => {
    node.run("ip", "link", "add", "name", "fwprobe", "type", "bridge");
    const refused = node.verb("ADD", node.pod("a"));
    expect(refused.json).toMatchObject({ code: 110, msg: expect.stringContaining("fwprobe") });
    expect(node.run("ip", "link", "show", "dev", "fwprobe")).toContain("fwprobe");
  }));

test("what a probe left that was killed is removed by the next", () =>
  withNode((node) => {
    node.run(
      "ip",
      "link",
      "add",
      "name",
      "fwprobe",
      "address",
      "0e:66:72:6f:62:65",
      "type",
      "bridge",
    );
    node.add(node.pod("a"));
    expect(node.run("ip", "link", "show")).not.toContain("fwprobe");
  }));
