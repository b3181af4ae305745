/**
 * Links are deleted by a process of their own. The kernel takes a link off its list and then makes whoever
 * asked for it wait for its grace periods (rcu_barrier in netdev_run_todo);
 * docs/engineering/decisions/0017-changes-over-netlink.md has the figures. The process is `cat`: its input is
 * the messages, its output is the socket to the kernel. It holds nothing of ours.
 */
import { closeSync, writeSync } from "node:fs";
import { asking, effect } from "../effect.ts";
import { findToolIfAny } from "./children.ts";
import { linkIndex } from "./link-index.ts";
import { concat, encodeMessage } from "./netlink/codec.ts";
import { libc, ptr } from "./netlink/libc.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { ifinfomsg } from "./netlink/structs.ts";
import { NLM_F, RTM } from "./netlink/tables.ts";
import { takeUnclosed } from "./write/transaction.ts";

/**
 * The messages name links by their numbers, which no other link gets. A message may arrive after its link has
 * gone by another way, when the next pod has its name.
 */
function messages(indexes: readonly number[]): Uint8Array {
  return concat(
    ...indexes.map((index, sequence) => {
      const body = ifinfomsg.encode({ index });
      return encodeMessage({ type: RTM.DELLINK, flags: NLM_F.REQUEST, sequence, body });
    }),
  );
}

/**
 * A file of these bytes that nobody else sees, to be read from its beginning. The result is -1 where none can
 * be made.
 */
function fileOf(bytes: Uint8Array): number {
  const fd = libc().memfd_create(ptr(new TextEncoder().encode("fairway\0")), 0);
  if (fd >= 0) writeSync(fd, bytes, 0, bytes.length, 0);
  return fd;
}

/** The deletions that are on their way. */
export interface SentOff {
  /**
   * Whether all of them are gone from the node's list. false means that some were still there when the time
   * was over.
   */
  waitUntilGone(): boolean;
}

const patienceMs = 1_000;
const pauseMs = 0.2;

function waitUntilGone(links: readonly string[]): boolean {
  const deadlineMs = performance.now() + patienceMs;
  return asking("until pairs are gone", () => {
    for (const name of links)
      while (linkIndex(name) !== null) {
        if (performance.now() >= deadlineMs) return false;
        Bun.sleepSync(pauseMs);
      }
    return true;
  });
}

/** null means that nobody could be sent. The links belong to the namespace in which this is called. */
export function sendOff(links: readonly string[]): SentOff | null {
  const indexes = links.map(linkIndex).filter((index) => index !== null);
  const courier = findToolIfAny("cat");
  const input = courier === null ? -1 : fileOf(messages(indexes));
  // If we closed this socket, that would keep us waiting. The last to close it is the courier.
  const slow = takeUnclosed();
  try {
    if (courier === null || input < 0) return null;
    using socket = new NetlinkSocket();
    // The child does not get our descriptors: whoever called us waits until those that we were given are
    // closed.
    const heir = slow === null ? [] : [slow.fd];
    const stdio: [number, number, "ignore", ...number[]] = [input, socket.fd, "ignore", ...heir];
    const spawn = () => Bun.spawn({ cmd: [courier], stdio, cwd: "/", env: {} });
    const child = effect("child", `delete ${links.join(" ")}`, spawn);
    child.unref();
    return {
      waitUntilGone() {
        const isGone = waitUntilGone(links);
        // A courier that has not delivered by now is not waited for, and must not stay.
        if (!isGone) child.kill("SIGKILL");
        return isGone;
      },
    };
  } catch {
    return null;
  } finally {
    if (input >= 0) closeSync(input);
    slow?.[Symbol.dispose]();
  }
}
