/** Traffic through a leaf with fq_codel: the limit holds, and what answers to marks is marked, not dropped. */
import assert from "node:assert/strict";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace, setSysctl } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { prover } from "../support/binary.ts";
import { withNode } from "../support/node.ts";
import type { Suite } from "./suite.ts";

const limitBits = 5_000_000;
const settleMs = 6_000;
const runMs = 6_000;
/** Emulation is coarse. */
const tolerance = 0.25;

/** A generator of the project's own (`fairway-prove traffic`); ends by itself, or when its input is closed. */
function generate(namespace: string, spec: Record<string, unknown>) {
  const argv = insideNamespace(namespace, [prover, "traffic", JSON.stringify(spec)]);
  return Bun.spawn(argv, {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: minimalEnvironment(),
  });
}

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
      const sink = generate(node.lab.remote, {
        role: "tcp-sink",
        port,
        forMs: 4 * runMs,
        everyMs: 1000,
      });
      await Bun.sleep(2_000);
      const leafText = () =>
        node
          .run("tc", "-s", "qdisc", "show", "dev", "uplink")
          .split(/(?=^qdisc )/m)
          .find((q) => q.includes("parent fa01:10 ")) ?? "";
      const leaf = () => statistics(leafText());
      const source = generate(pod.namespace, {
        role: "tcp-source",
        host: addresses.remote,
        port,
        flows: 2,
        forMs: 4 * runMs,
      });
      // Past slow start, which may overrun the queue before the first mark arrives.
      await Bun.sleep(settleMs);
      const [before, startedAtMs] = [leaf(), performance.now()];
      await Bun.sleep(runMs);
      const [after, endedAtMs] = [leaf(), performance.now()];
      source.kill();
      sink.kill();
      await Promise.all([source.exited, sink.exited]);
      const rate = ((after.bytes - before.bytes) * 8e3) / (endedAtMs - startedAtMs);
      const [marks, drops] = [after.ecnMarks - before.ecnMarks, after.drops - before.drops];
      const told = `${(rate / 1e6).toFixed(1)} Mbit/s, ${marks} marks, ${drops} drops`;
      console.log(`  ${told}; in all:\n${leafText()}`);
      assert.ok(Math.abs(rate / limitBits - 1) < tolerance, told);
      assert.ok(marks > 0 && drops * 10 <= marks, told);
    });
  });
