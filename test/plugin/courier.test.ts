/** A DEL that sends its pair off leaves no more than one that waits for the kernel. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { allLinks } from "../../src/kernel/read/links.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import { must } from "../../src/prove/lab/run.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { attachmentNames } from "../support/gone.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const linksIn = (namespace: string): string[] =>
  inNetns(namespacePath(namespace), () => {
    using socket = new NetlinkSocket();
    return allLinks(socket).map(({ name }) => name);
  });

/** All that is in the node's namespace, whoever started it. */
const processes = (node: TestNode): string => must(["ip", "netns", "pids", node.lab.node]);

test(
  "fifty times in a row: the pair is out of sight, the address is free, and nobody is left at work",
  () =>
    withNode(async (node) => {
      const pod = node.pod("a");
      // One address only: it has to be free at once.
      const ipam = { subnet: "198.19.1.0/24", rangeStart: "198.19.1.7", rangeEnd: "198.19.1.7" };
      const options = { config: { ipam } };
      node.add(pod, options);
      node.del(pod, options);
      const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
      for (let round = 0; round < 50; round++) {
        const { ips } = node.add(pod, options) as { ips: { address: string }[] };
        expect([round, ips[0]?.address]).toEqual([round, "198.19.1.7/24"]);
        node.del(pod, options);
        expect([round, linksIn(node.lab.node), linksIn(pod.namespace)]).toEqual([
          round,
          expect.not.arrayContaining(["fwv10"]),
          ["lo"],
        ]);
      }
      expect(attachmentNames(node)).toEqual([]);
      await until("no process in the node's namespace", () => processes(node) === "", 5_000);
      expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
    }),
  120_000,
);

test.each([
  ["fails at once", "exit 1"],
  ["takes its letter and does nothing", "exec sleep 60"],
])("a courier that %s: the pair is deleted all the same, and the courier ends", (_, script) =>
  withNode(async (node) => {
    const folder = join(node.dataDir, "tools");
    mkdirSync(folder);
    writeFileSync(join(folder, "cat"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "cat"), 0o755);
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(b);
    const before = dumpNode(node.lab.node);
    node.add(a);
    node.del(a, { env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` } });
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(attachmentNames(node)).toEqual(["pods/b/eth0"]);
    await until("no process in the node's namespace", () => processes(node) === "", 5_000);
  }),
);
