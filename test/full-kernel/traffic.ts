/** Traffic through a leaf with fq_codel: the limit holds, and what answers to marks is marked, not dropped. */
import assert from "node:assert/strict";
import { setSysctl } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { withNode } from "../support/node.ts";
import { withTraffic } from "../support/traffic.ts";
import { until } from "../support/until.ts";
import type { Suite } from "./suite.ts";

const limitBits = 5_000_000;
const settleMs = 6_000;
const runMs = 6_000;
/** Longer than all of it takes where the emulated processor gets little of the real one. */
const trafficMs = 180_000;
/** By then both flows are past their handshakes. */
const underWayBytes = 100_000;
const underWayMs = 60_000;
/** Emulation is coarse. */
const tolerance = 0.25;

interface Statistics {
  ecnMarks: number;
  drops: number;
  bytes: number;
}

function statistics(text: string): Statistics {
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    ecnMarks: number(/ecn_mark (\d+)/),
    drops: number(/dropped (\d+)/),
    bytes: number(/Sent (\d+) bytes/),
  };
}

export const traffic: Suite = (test) =>
  withNode(async (node) => {
    const pod = node.pod("a");
    node.add(pod, { annotations: { "kubernetes.io/egress-bandwidth": `${limitBits}` } });
    for (const namespace of [pod.namespace, node.lab.remote])
      setSysctl(namespace, "net.ipv4.tcp_ecn", "1");
    await test("a limit of 5 Mbit/s holds, with marks instead of drops", async () => {
      const port = 5300;
      const leafText = () =>
        node
          .run("tc", "-s", "qdisc", "show", "dev", "uplink")
          .split(/(?=^qdisc )/m)
          .find((q) => q.includes("parent fa01:10 ")) ?? "";
      const leaf = () => statistics(leafText());
      const [before, after, ms] = await withTraffic(async (start) => {
        await start(node.lab.remote, { role: "tcp-sink", port, forMs: trafficMs, everyMs: 1000 });
        const to = { host: addresses.remote, port, flows: 2, forMs: trafficMs };
        await start(pod.namespace, { role: "tcp-source", ...to });
        await until("both flows send", () => leaf().bytes > underWayBytes, underWayMs);
        // Past slow start, which may overrun the queue before the first mark arrives.
        await Bun.sleep(settleMs);
        const [first, startedAtMs] = [leaf(), performance.now()];
        await Bun.sleep(runMs);
        return [first, leaf(), performance.now() - startedAtMs] as const;
      });
      const rate = ((after.bytes - before.bytes) * 8e3) / ms;
      const [marks, drops] = [after.ecnMarks - before.ecnMarks, after.drops - before.drops];
      const told = `${(rate / 1e6).toFixed(1)} Mbit/s, ${marks} marks, ${drops} drops`;
      console.log(`  ${told}; in all:\n${leafText()}`);
      assert.ok(Math.abs(rate / limitBits - 1) < tolerance, told);
      assert.ok(marks > 0 && drops * 10 <= marks, told);
    });
  });
