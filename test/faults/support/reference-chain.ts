/** bridge, host-local and bandwidth of the CNI project in the same sweep, called as libcni calls them. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../../src/prove/lab/namespaces.ts";
import { must } from "../../../src/prove/lab/run.ts";
import { type Pod, type TestNode, verbEnvironment } from "../../support/node.ts";
import { type Gone, runIn } from "../../support/process.ts";
import { toolsFolder } from "../../support/reference.ts";
import type { Chain, Kill } from "./sweep.ts";

type Json = Record<string, unknown>;

export interface ReferenceLeaks {
  addresses: number;
  devices: number;
  /** For whose pods it was not even possible to go on. */
  errors: string[];
}

const bridge = (dataDir: string): Json => ({
  type: "bridge",
  bridge: "ref0",
  isGateway: true,
  ipam: {
    type: "host-local",
    dataDir,
    ranges: [[{ subnet: "198.19.16.0/20" }]],
    routes: [{ dst: "0.0.0.0/0" }],
  },
});
const bandwidth: Json = {
  type: "bandwidth",
  ...{ ingressRate: 10_000_000, ingressBurst: 1_000_000 },
  ...{ egressRate: 10_000_000, egressBurst: 1_000_000 },
};

export function referenceChain(node: TestNode): Chain & { leaks: ReferenceLeaks } {
  const dataDir = join(node.dataDir, "host-local");
  mkdirSync(dataDir);
  const leaks: ReferenceLeaks = { addresses: 0, devices: 0, errors: [] };
  /** As libcni caches it: once the whole chain has succeeded. */
  const results = new Map<Pod, Json>();
  let deadlineMs = Number.POSITIVE_INFINITY;
  const plugin = (verb: string, pod: Pod, config: Json, more: Json): Promise<Gone> =>
    runIn(node.lab.node, {
      argv: [join(toolsFolder, String(config.type))],
      stdin: JSON.stringify({ cniVersion: "1.1.0", name: "ref", ...config, ...more }),
      env: { ...verbEnvironment(verb, pod, {}), CNI_PATH: toolsFolder },
      ...(Number.isFinite(deadlineMs) && {
        killAfterMs: Math.max(0, deadlineMs - performance.now()),
      }),
    });
  const chain = async (verb: "ADD" | "DEL", pod: Pod, kill: Kill) => {
    const killAtMs =
      kill === null || kill === "step"
        ? Number.POSITIVE_INFINITY
        : performance.now() + kill.afterMs;
    const startedMs = performance.now();
    const order = verb === "ADD" ? [bridge(dataDir), bandwidth] : [bandwidth, bridge(dataDir)];
    let prevResult = results.get(pod);
    let last: Gone | null = null;
    for (const config of order) {
      // Read in the same turn in which the child is started.
      deadlineMs = killAtMs;
      const started = plugin(verb, pod, config, prevResult === undefined ? {} : { prevResult });
      deadlineMs = Number.POSITIVE_INFINITY;
      last = await started;
      if (last.code !== 0) break;
      if (verb === "ADD") prevResult = last.json;
    }
    const ok = last?.code === 0;
    if (ok && verb === "ADD" && prevResult !== undefined) results.set(pod, prevResult);
    const [first] = (prevResult?.ips ?? []) as { address: string }[];
    return {
      ok,
      killed: last?.code === null && !last.hung,
      address: first?.address ?? null,
      tookMs: performance.now() - startedMs,
      told: last === null ? "" : last.stdout + last.stderr,
    };
  };
  const given = (): number =>
    readdirSync(join(dataDir, "ref")).filter((name) => /^\d+\./.test(name)).length;
  const devices = (): number =>
    inNamespace(node.lab.node, ["ip", "-o", "link", "show"])
      .stdout.split("\n")
      .filter((line) => / (veth|bwp)\w+/.test(line)).length;
  return {
    leaks,
    pod: (name) => node.pod(name),
    run: chain,
    settle: async (live) => {
      const valid = live.map(({ containerId }) => ({ containerID: containerId, ifname: "eth0" }));
      const none = { containerId: "gc", namespace: "", netns: "" };
      for (const config of [bridge(dataDir), bandwidth])
        await plugin("GC", none, config, { "cni.dev/valid-attachments": valid });
    },
    clear: async (live, all) => {
      for (const pod of live) {
        const { ok, told } = await chain("DEL", pod, null);
        if (!ok) leaks.errors.push(told.slice(0, 200));
      }
      for (const { namespace } of all) must(["ip", "netns", "del", namespace]);
      // A namespace takes its pairs with it a moment later.
      await Bun.sleep(1000);
      leaks.addresses = given();
      leaks.devices = devices();
    },
  };
}
