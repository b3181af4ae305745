/** An ADD that takes its time is left alone; one that was killed is not. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../support/binary.ts";
import { attachmentNames } from "../support/gone.ts";
import { type Pod, requestOf, type TestNode, verbEnvironment, withNode } from "../support/node.ts";

const most = { annotations: { "fairway.dev/egress-guarantee": "300M" } };

/** An `ip` that waits at each batch for as long as a file is there, and says that it has begun to. */
function slowTools(node: TestNode) {
  const folder = join(node.dataDir, "slow");
  const [wait, begun] = [join(folder, "wait"), join(folder, "begun")];
  mkdirSync(folder);
  writeFileSync(wait, "");
  const real = Bun.which("ip", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
  const script = `#!/bin/sh
case "$*" in *-batch*) : > ${begun}; while [ -e ${wait} ]; do sleep 0.02; done ;; esac
exec ${real} "$@"
`;
  writeFileSync(join(folder, "ip"), script);
  chmodSync(join(folder, "ip"), 0o755);
  return {
    path: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`,
    hasBegun: () => existsSync(begun),
    goOn: () => rmSync(wait),
  };
}

/** An ADD that stands in the middle of its work. */
async function slowAdd(node: TestNode, pod: Pod) {
  // The base and what the kernel offers are there already.
  const first = node.pod("first");
  node.add(first);
  node.del(first);
  const tools = slowTools(node);
  const child = Bun.spawn(["/sbin/ip", "netns", "exec", node.lab.node, binary], {
    stdin: new TextEncoder().encode(requestOf(node.config, most)),
    stdout: "pipe",
    stderr: "inherit",
    env: {
      ...verbEnvironment("ADD", pod, {}),
      PATH: tools.path,
      LC_ALL: "C",
      FAIRWAY_BACKEND: "exec",
    },
    timeout: 60_000,
  });
  while (!tools.hasBegun()) await Bun.sleep(5);
  return { child, goOn: tools.goOn };
}

test("an ADD at work keeps what it has when another finds no room; its DEL waits for it, and leaves nothing", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const { child, goOn } = await slowAdd(node, a);
    expect(node.verb("ADD", b, most).json).toMatchObject({ code: 100 });
    const gc = { cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
    expect(node.verb("GC", b, { config: gc }).json).toMatchObject({
      msg: expect.stringContaining("another process is at work on attachment pods/a/eth0"),
    });
    const del = node.start("DEL", a);
    await Bun.sleep(300);
    goOn();
    expect(await child.exited).toBe(0);
    expect((await del).code).toBe(0);
    expect(attachmentNames(node)).toEqual([]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.run("ip", "link", "show")).not.toContain("fwv");
  }));

test("an ADD that was killed at its work makes room for the next once its tools have ended, too", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const { child, goOn } = await slowAdd(node, a);
    child.kill("SIGKILL");
    await child.exited;
    expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    // The tool has what it was given, and goes on with it.
    expect(node.verb("ADD", b, most).json).toMatchObject({ code: 100 });
    goOn();
    while (node.run("ip", "link", "show").includes("fwv10") === false) await Bun.sleep(5);
    const deadlineMs = performance.now() + 10_000;
    while (node.verb("ADD", b, most).code !== 0 && performance.now() < deadlineMs);
    expect(attachmentNames(node)).toEqual(["pods/b/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test(
  "of many DELs of one attachment and the ADD of the next none takes away what the other has",
  () =>
    withNode(async (node) => {
      for (let round = 0; round < 5; round++) {
        const [old, next] = [node.pod(`o${round}`), node.pod(`n${round}`)];
        node.add(old, most);
        const dels = [1, 2, 3, 4].map(() => node.start("DEL", old));
        const added = await node.start("ADD", next);
        for (const { code } of await Promise.all(dels)) expect(code).toBe(0);
        expect(added.code).toBe(0);
        expect(node.check(next, added.json).stdout).toBe("");
        expect(node.fairway("explain").stdout).toContain("nothing to do");
        node.del(next);
      }
    }),
  60_000,
);
