/**
 * Where a verb failed since this process waits less long for others than one of the verb's own, or has fewer
 * means: then it is left to such a process, so that no verb fails for having been asked of an agent.
 */
import { closeSync, openSync } from "node:fs";
import type { Ended } from "../cni/attempt.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { callsOf, ptr } from "../kernel/netlink/libc.ts";

/** A verb has its sockets, its files and a tool's pipes open at once: 8 or 9. */
const neededFiles = 16;

/** asm-generic/resource.h */
const RLIMIT_NOFILE = 7;

const signatures = { getrlimit: { args: ["i32", "ptr"], returns: "i32" } } as const;

let loaded: ReturnType<typeof callsOf<typeof signatures>> | undefined;

/**
 * Whether the verb that was asked for on this socket may lack descriptors: the socket has the lowest that was
 * free when its connection came. It is asked before each verb, since a limit may be set at any time.
 */
export function lacksFiles(socket: object): boolean {
  const fd = "fd" in socket ? socket.fd : undefined;
  if (typeof fd !== "number") return false;
  loaded ??= callsOf(signatures);
  // struct rlimit: the soft limit, and the hard one.
  const limits = new BigUint64Array(2);
  if (loaded.getrlimit(RLIMIT_NOFILE, ptr(limits)) !== 0) return false;
  return BigInt(fd + neededFiles) > (limits[0] ?? 0n);
}

/** Tried after a failure only. */
function hasFiles(): boolean {
  const files: number[] = [];
  try {
    while (files.length < neededFiles) files.push(openSync("/dev/null", "r"));
    return true;
  } catch {
    return false;
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** Somebody may have held what it needed for longer than this process waits. */
const mayTryAgain = (error: unknown): boolean =>
  error instanceof FairwayError && error.kind === "tryAgain";

/** Why another process may do better. null means that it would fail as well, or that the verb did not fail. */
export function limitOf(ended: Ended): string | null {
  if (ended.ok) return null;
  if (mayTryAgain(ended.error)) return messageOf(ended.error);
  return hasFiles() ? null : `the agent has no room for more open files: ${messageOf(ended.error)}`;
}
