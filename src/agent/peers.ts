/** Who asks, and whether what they see is what this process sees. */
import { readlinkSync, statSync } from "node:fs";
import { callsOf, ptr } from "../kernel/netlink/libc.ts";
import { folderOf } from "../paths.ts";

export interface Peer {
  pid: number;
  uid: number;
}

/** asm-generic/socket.h */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

const signatures = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
} as const;

let loaded: ReturnType<typeof callsOf<typeof signatures>> | undefined;

/** The process at the other end of a Unix socket. null means that it cannot be told. */
export function peerOf(socket: object): Peer | null {
  const fd = "fd" in socket ? socket.fd : undefined;
  if (typeof fd !== "number" || fd < 0) return null;
  loaded ??= callsOf(signatures);
  // struct ucred: pid, uid, gid.
  const credentials = new Int32Array(3);
  const length = new Int32Array([credentials.byteLength]);
  if (loaded.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length)) !== 0)
    return null;
  const [pid = 0, uid = -1] = credentials;
  return { pid, uid };
}

type Kind = "net" | "mnt";

const namespaceOf = (process: string, kind: Kind): string =>
  readlinkSync(`/proc/${process}/ns/${kind}`);

/** This process is in the namespaces in which it was started, whenever no verb is in a pod's. */
const own: Partial<Record<Kind, string>> = {};

function ownNamespace(kind: Kind): string {
  own[kind] ??= namespaceOf("thread-self", kind);
  return own[kind];
}

/** null means that there is none, or that the path cannot be one: it is too long, or leads through a file. */
function statOf(path: string): { dev: number; ino: number } | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/**
 * Whether a path leads to the same from here and from below another root. One that leads to nothing in both
 * is the same where its folder is: a pod's namespace that is gone, at its DEL.
 */
function isSame(path: string, root: string): boolean {
  const [here, there] = [statOf(path), statOf(`${root}${path}`)];
  if (here === null && there === null)
    return path !== folderOf(path) && isSame(folderOf(path), root);
  return here?.dev === there?.dev && here?.ino === there?.ino;
}

/**
 * Why what a peer asks for cannot be done from here, in words. The peer's node is the one whose network
 * namespace the peer is in. Where the peer has other mounts, the `paths` that it names have to lead to the
 * same here as they do there. null means that nothing is in the way.
 */
export function apartFrom({ pid }: Peer, paths: readonly string[]): string | null {
  try {
    if (namespaceOf(String(pid), "net") !== ownNamespace("net"))
      return "whoever asks is in another network namespace than the agent";
    if (namespaceOf(String(pid), "mnt") === ownNamespace("mnt")) return null;
  } catch {
    return `the process ${pid}, which asks, cannot be looked at from here`;
  }
  const strange = paths.find((path) => !isSame(path, `/proc/${pid}/root`));
  return strange === undefined
    ? null
    : `whoever asks has other mounts than the agent, and ${strange} does not lead to the same`;
}
