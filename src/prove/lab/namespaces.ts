import { availableParallelism } from "node:os";
import type { CommandResult } from "../../ops/child.ts";
import { type LabOptions, must, run } from "./run.ts";

/** The path at which `ip netns` keeps the name: a runtime hands it over as CNI_NETNS. */
export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/** @throws FairwayError io where it exists already or the caller may not make one. */
export function addNamespace(namespace: string): void {
  must(["ip", "netns", "add", namespace]);
  must(["ip", "-n", namespace, "link", "set", "dev", "lo", "up"]);
}

/**
 * Deletes the namespace, and succeeds where it is gone already. Its devices go with it, once no process lives
 * in it.
 */
export function delNamespace(namespace: string): void {
  if (listNamespaces().includes(namespace)) must(["ip", "netns", "del", namespace]);
}

export function listNamespaces(): string[] {
  // A line is "name" or "name (id: 3)".
  return must(["ip", "netns", "list"])
    .split("\n")
    .flatMap((line) => line.trim().split(" ")[0] || []);
}

/** The argument vector that runs a command inside a namespace; `ip` replaces itself, so the child is the command. */
export function insideNamespace(namespace: string, argv: readonly string[]): string[] {
  return ["ip", "netns", "exec", namespace, ...argv];
}

/** Runs a short command inside a namespace to its end. A non-zero code is a value, not an error. */
export function inNamespace(
  namespace: string,
  argv: readonly string[],
  options: LabOptions = {},
): CommandResult {
  return run(insideNamespace(namespace, argv), options);
}

/**
 * Does the same as `inNamespace`, for a command that must succeed. It returns the command's standard output.
 */
export function mustInNamespace(
  namespace: string,
  argv: readonly string[],
  options: LabOptions = {},
): string {
  return must(insideNamespace(namespace, argv), options);
}

/**
 * Runs lines of `ip` in a namespace as one batch.
 * @throws FairwayError io with what `ip` said of the first line that it refused.
 */
export function ipBatch(namespace: string, lines: readonly string[]): void {
  must(["ip", "-n", namespace, "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

/** Runs lines of `tc` in a namespace as one batch. */
export function tcBatch(namespace: string, lines: readonly string[]): void {
  must(["tc", "-n", namespace, "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

/**
 * `key` is as `sysctl` writes it ("net.ipv4.ip_forward"). The net part of /proc/sys is the namespace's own.
 */
export function setSysctl(namespace: string, key: string, value: string): void {
  const path = `/proc/sys/${key.replaceAll(".", "/")}`;
  mustInNamespace(namespace, ["tee", path], { stdin: `${value}\n` });
}

export function getSysctl(namespace: string, key: string): string {
  return mustInNamespace(namespace, ["cat", `/proc/sys/${key.replaceAll(".", "/")}`]).trim();
}

/** The number of processors whose set is one word of the kernel's bitmaps. */
const WORD_PROCESSORS = 32;

/**
 * After this call one processor handles all packets of a flow, as a network card's queues see to (RSS). A
 * veth hands what it gets to the processor that sent it, and what leaves a queue may be sent by any. Where it
 * is queued per processor once more, as at a tunnel's end (gro_cells), it comes out in another order.
 */
export function steerFlows(namespace: string, device: string): void {
  const processors = Math.min(availableParallelism(), WORD_PROCESSORS);
  if (processors === 1) return;
  mustInNamespace(namespace, ["tee", `/sys/class/net/${device}/queues/rx-0/rps_cpus`], {
    stdin: (2 ** processors - 1).toString(16),
  });
}

/**
 * Gives a namespace a congestion control that fills a queue until it loses packets, as most senders have. A
 * new namespace inherits the machine's, which may be one that does not (BBR). The choice is Cubic where the
 * machine lets a namespace choose it (the kernel refuses one that is not in tcp_allowed_congestion_control),
 * else Reno, which is always there. Returns the choice.
 */
export function useLossBasedTcp(namespace: string): string {
  const key = "net.ipv4.tcp_congestion_control";
  if (
    getSysctl(namespace, "net.ipv4.tcp_allowed_congestion_control").split(" ").includes("cubic")
  ) {
    setSysctl(namespace, key, "cubic");
  } else {
    setSysctl(namespace, key, "reno");
  }
  return getSysctl(namespace, key);
}
