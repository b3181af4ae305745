/** A node with a wire, and a containerd on it that has our conflist and a pause image. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { type Lab, withLab } from "../../src/prove/lab/lab.ts";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { type Call, failVerb, recordedCalls, writeRecorder } from "../support/containerd/calls.ts";
import { type Containerd, startContainerd } from "../support/containerd/containerd.ts";
import type { Release } from "../support/containerd/releases.ts";
import type { Cri } from "../support/cri/client.ts";
import { dumpNode } from "../support/dump.ts";
import { tell } from "./tell.ts";

type Json = Record<string, unknown>;

export interface Cluster {
  lab: Lab;
  runtime: Containerd;
  cri: Cri;
  /** `plugin` is laid over the plugin's object, `list` over the conflist. */
  conflist(plugin?: Json, list?: Json): object;
  /** Runs a sandbox; its id. After `limitMs` the caller gives up. */
  run(name: string, annotations?: Record<string, string>, limitMs?: number): Promise<string>;
  /** As a kubelet ends a pod: stopped, stopped once more, removed. */
  end(id: string): Promise<void>;
  /** What the runtime asked the plugin, for one sandbox or for all. */
  calls(id?: string): Call[];
  /** The plugin's verb fails from now on. */
  fail(verb: string): void;
  /** In the node's network namespace. */
  onNode(...argv: string[]): string;
  /** In a pod's network namespace. */
  inPod(id: string, ...argv: string[]): CommandResult;
  /** The classes of pods on a device, without those of the tree itself and the host's. */
  podClasses(device: "uplink" | "fw0"): string[];
  fairway(...args: string[]): CommandResult;
  /** Fails where a pod of the runtime, a row, a class or a change of the node is left. */
  expectNothingLeft(before: string): Promise<void>;
  dump(): string;
  /** Where what is told of a test begins, in the runtime's log and in the calls. */
  shownFrom: { line: number; call: number };
}

const capacity = "400M";

/** HTB's classes below the root, but for the host's: pods' minors begin at 0x10. */
const podClass = /^class htb fa01:[1-9a-f][0-9a-f]+ .*$/gm;

function conflistOf(dataDir: string, plugin: Json, list: Json): object {
  return {
    cniVersion: "1.0.0",
    cniVersions: ["1.0.0", "1.1.0"],
    name: "pods",
    plugins: [
      {
        type: "fairway",
        capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
        uplink: { name: "uplink", egressCapacity: capacity, ingressCapacity: capacity },
        ipam: { subnet: "198.19.1.0/24", routes: [{ dst: "0.0.0.0/0" }] },
        dataDir,
        ...plugin,
      },
    ],
    ...list,
  };
}

function clusterOf(lab: Lab, runtime: Containerd, dataDir: string, callsDir: string): Cluster {
  const { cri, host } = runtime;
  const onNode: Cluster["onNode"] = (...argv) => mustInNamespace(lab.node, argv);
  const fairway: Cluster["fairway"] = (...args) =>
    inNamespace(lab.node, [binary, ...args, "--data-dir", dataDir]);
  const calls: Cluster["calls"] = (id) =>
    recordedCalls(callsDir).filter((call) => id === undefined || call.containerId === id);
  const podClasses: Cluster["podClasses"] = (device) =>
    onNode("tc", "class", "show", "dev", device).match(podClass) ?? [];
  const dump = (): string => dumpNode(lab.node);
  return {
    lab,
    runtime,
    cri,
    conflist: (plugin = {}, list = {}) => conflistOf(dataDir, plugin, list),
    run: (name, annotations = {}, limitMs) => {
      const { cgroupParent } = host;
      const uid = `uid-${name}`;
      return cri.runPodSandbox(
        { name, namespace: "shop", uid, annotations, cgroupParent },
        limitMs,
      );
    },
    end: async (id) => {
      await cri.stopPodSandbox(id);
      await cri.stopPodSandbox(id);
      await cri.removePodSandbox(id);
    },
    calls,
    fail: (verb) => failVerb(callsDir, verb),
    onNode,
    inPod: (id, ...argv) => {
      const netns = calls(id).find((call) => call.verb === "ADD")?.netns;
      return host.run(["nsenter", `--net=${netns}`, ...argv]);
    },
    podClasses,
    fairway,
    expectNothingLeft: async (before) => {
      expect(await cri.listPodSandbox()).toEqual([]);
      expect(JSON.parse(fairway("status", "--no-measure", "--json").stdout)).toMatchObject({
        pods: [],
      });
      expect(fairway("explain").stdout).toContain("nothing to do");
      expect(dump()).toBe(before);
    },
    dump,
    shownFrom: { line: 0, call: 0 },
  };
}

/** All of it is gone afterwards; what the runtime said is on stdout. */
export async function withCluster(
  release: Release,
  use: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "fairway-e2e-"));
  try {
    await withLab({ prefix: "fwe" }, async (lab) => {
      const runtime = await startContainerd(release, lab.node, scratch);
      const callsDir = join(scratch, "calls");
      writeRecorder(join(runtime.binDir, "fairway"), callsDir, binary);
      const cluster = clusterOf(lab, runtime, join(scratch, "data"), callsDir);
      let failed = true;
      try {
        await runtime.configure(cluster.conflist());
        await use(cluster);
        failed = false;
      } finally {
        const [log, calls] = [runtime.log(), cluster.calls()];
        tell(log.slice(cluster.shownFrom.line), calls.slice(cluster.shownFrom.call), failed);
        await runtime.remove();
      }
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A node that has had a pod: the base that all pods share is there, and nothing else. */
export async function usedNode(cluster: Cluster): Promise<string> {
  await cluster.end(await cluster.run("first"));
  cluster.shownFrom = { line: cluster.runtime.log().length, call: cluster.calls().length };
  return cluster.dump();
}
