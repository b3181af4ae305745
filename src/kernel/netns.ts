/** Network namespaces: what a path leads to, and how to work inside one. */
import { closeSync, openSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { errno, libc } from "./netlink/libc.ts";

/** NSFS_MAGIC, include/uapi/linux/magic.h */
const nsfsMagic = 0x6e736673;
/** CLONE_NEWNET, include/uapi/linux/sched.h */
const newNet = 0x40000000;
const ownNetns = "/proc/thread-self/ns/net";

/** Tells the namespace that this thread is in from all others that there are now. */
export function netnsHere(): string {
  const { dev, ino } = statSync(ownNetns);
  return `${dev}:${ino}`;
}

export type NetnsKind = "absent" | "own" | "other" | "not a network namespace";

/** What a path leads to, seen from here. */
export function netnsKind(path: string): NetnsKind {
  try {
    if (statfsSync(path).type !== nsfsMagic) return "not a network namespace";
    const here = statSync(ownNetns);
    const there = statSync(path);
    if (here.ino === there.ino && here.dev === there.dev) return "own";
    // nsfs holds all kinds of namespaces. Only a link below /proc tells which kind this one is.
    return /\/ns\/(?!net)/.test(path) && !readlinkSync(path).startsWith("net:")
      ? "not a network namespace"
      : "other";
  } catch (error) {
    if (isMissing(error)) return "absent";
    throw new FairwayError(
      "io",
      `cannot read network namespace ${path}: ${String(error)}`,
      "a verb runs as root, in the node's own mount namespace",
      {
        cause: error,
      },
    );
  }
}

/**
 * Whether a network namespace is at the path. There may be only a file where one was: the mount is gone, and
 * the name has still to go.
 */
export function hasNetns(path: string): boolean {
  const kind = netnsKind(path);
  return kind === "own" || kind === "other";
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // A path that is too long leads to nothing, too.
  return code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG";
}

/**
 * Runs `work` in the namespace at `path`, on this thread. What `work` opens, and the children that it starts,
 * belong to that namespace. `work` must be synchronous. Throws invalidNetns.
 */
export function inNetns<T>(path: string, work: () => T): T {
  const own = openSync(ownNetns, "r");
  let there: number;
  try {
    there = effect("file", "open the namespace", () => openSync(path, "r"));
  } catch (error) {
    closeSync(own);
    throw new FairwayError("invalidNetns", `cannot open network namespace ${path}`, undefined, {
      cause: error,
    });
  }
  try {
    if (libc().setns(there, newNet) !== 0)
      throw new FairwayError(
        "invalidNetns",
        `cannot enter network namespace ${path} (errno ${errno()})`,
        "CNI_NETNS must be the path of a network namespace, and fairway needs CAP_SYS_ADMIN",
      );
    try {
      return work();
    } finally {
      // A process in the wrong namespace must not go on.
      if (libc().setns(own, newNet) !== 0) process.abort();
    }
  } finally {
    closeSync(there);
    closeSync(own);
  }
}

/**
 * Makes a network namespace. It is there for as long as the returned descriptor is open, or something is in
 * it. Throws io.
 */
export function newNetns(): number {
  const own = openSync(ownNetns, "r");
  try {
    effect("file", "make a namespace", () => {
      if (libc().unshare(newNet) === 0) return;
      throw new FairwayError(
        "io",
        `cannot make a network namespace (errno ${errno()})`,
        "fairway needs CAP_SYS_ADMIN, and a place below /proc/sys/user/max_net_namespaces",
      );
    });
    try {
      return openSync(ownNetns, "r");
    } finally {
      // A process in the wrong namespace must not go on.
      if (libc().setns(own, newNet) !== 0) process.abort();
    }
  } finally {
    closeSync(own);
  }
}

/** Does the same as `inNetns`. null means that there is no namespace, or that it is gone. */
export function inNetnsIfThere<T>(path: string, work: () => T): T | null {
  if (!hasNetns(path)) return null;
  try {
    return inNetns(path, work);
  } catch (error) {
    // The namespace may go at any moment, even between our look and our step.
    if (error instanceof FairwayError && error.kind === "invalidNetns" && !hasNetns(path))
      return null;
    throw error;
  }
}
