/** A node of its own for a test: namespaces, a wire, a ledger's folder, and the plugin called as a runtime calls it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { type Lab, withLab } from "../../src/prove/lab/lab.ts";
import { inNamespace, mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { binary } from "./binary.ts";

type Json = Record<string, unknown>;

export interface Pod {
  containerId: string;
  /** The namespace's name. */
  namespace: string;
  netns: string;
}

export interface AddOptions {
  annotations?: Record<string, string>;
  runtimeConfig?: Json;
  /** Over the node's configuration. */
  config?: Json;
  /** Over the environment of the verb. */
  env?: Record<string, string>;
  args?: string;
}

export interface Ended extends CommandResult {
  /** What was printed, if it was JSON. */
  json: Json;
}

export interface TestNode {
  lab: Lab;
  dataDir: string;
  config: Json;
  pod(name: string): Pod;
  /** Any verb, with whatever the options say. */
  verb(verb: string, pod: Pod, options?: AddOptions): Ended;
  /** The same, beside others. */
  start(verb: string, pod: Pod, options?: AddOptions): Promise<Ended>;
  /** Must succeed. */
  add(pod: Pod, options?: AddOptions): Json;
  del(pod: Pod, options?: AddOptions): void;
  check(pod: Pod, prevResult: Json, options?: AddOptions): Ended;
  fairway(...args: string[]): CommandResult;
  run(...argv: string[]): string;
}

const capacity = "400M";

export function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

export function requestOf(config: Json, options: AddOptions): string {
  const { annotations = {}, runtimeConfig = {} } = options;
  return JSON.stringify({
    ...config,
    ...options.config,
    runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations, ...runtimeConfig },
  });
}

export function verbEnvironment(
  verb: string,
  pod: Pod,
  options: AddOptions,
): Record<string, string> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: pod.containerId,
    CNI_NETNS: pod.netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: "/opt/cni/bin",
    CNI_ARGS: options.args ?? "",
    ...options.env,
  };
}

/** A node whose uplink has no route to the outside and no rate of its own; nothing of it is left afterwards. */
export async function withNode(
  use: (node: TestNode) => void | Promise<void>,
  extra: Json = {},
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    await withLab({ prefix: "fwt" }, (lab) => use(testNode(lab, dataDir, extra)));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function testNode(lab: Lab, dataDir: string, extra: Json): TestNode {
  const config: Json = {
    cniVersion: "1.0.0",
    name: "pods",
    type: "fairway",
    uplink: {
      name: "uplink",
      egressCapacity: capacity,
      ingressCapacity: capacity,
      gsoMaxSize: 9000,
    },
    ipam: { subnet: "198.19.1.0/24", routes: [{ dst: "0.0.0.0/0" }] },
    dataDir,
    logLevel: "silent",
    ...extra,
  };
  const verb: TestNode["verb"] = (name, pod, options = {}) => {
    const { PATH, ...env } = verbEnvironment(name, pod, options);
    // A PATH is the plugin's, not that of the tools which lead there.
    const argv = PATH === undefined ? [binary] : ["/usr/bin/env", `PATH=${PATH}`, binary];
    const done = inNamespace(lab.node, argv, { stdin: requestOf(config, options), env });
    return { ...done, json: parsed(done.stdout) };
  };
  const must = (name: string, pod: Pod, options: AddOptions): Ended => {
    const done = verb(name, pod, options);
    if (done.code !== 0)
      throw new Error(`${name} of ${pod.containerId} failed: ${done.stdout}${done.stderr}`);
    return done;
  };
  return {
    lab,
    dataDir,
    config,
    pod: (name) => {
      const namespace = lab.addPod(name);
      return { containerId: name, namespace, netns: namespacePath(namespace) };
    },
    verb,
    start: async (name, pod, options = {}) => {
      const child = Bun.spawn(["ip", "netns", "exec", lab.node, binary], {
        stdin: new TextEncoder().encode(requestOf(config, options)),
        stdout: "pipe",
        stderr: "pipe",
        env: { PATH: process.env.PATH ?? "", LC_ALL: "C", ...verbEnvironment(name, pod, options) },
        timeout: 60_000,
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { code, stdout, stderr, json: parsed(stdout) };
    },
    add: (pod, options = {}) => must("ADD", pod, options).json,
    del: (pod, options = {}) => void must("DEL", pod, options),
    check: (pod, prevResult, options = {}) =>
      verb("CHECK", pod, { ...options, config: { ...options.config, prevResult } }),
    fairway: (...args) => inNamespace(lab.node, [binary, ...args, "--data-dir", dataDir]),
    run: (...argv) => mustInNamespace(lab.node, argv),
  };
}
