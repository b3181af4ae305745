/** Waits until a bridge's port passes frames on. */
import { asking } from "../effect.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { BR_STATE_DISABLED } from "./netlink/tables.ts";
import { linkNamed } from "./read/links.ts";

const patienceMs = 1_000;
const pauseMs = 0.2;

/**
 * A port is enabled when its carrier is there. The kernel finds that out by itself, a moment after the pod's
 * end went up (linkwatch, net/core/link_watch.c). What the pod sends before that is lost. This waits no
 * longer than a second, and it does not wait for the states that come after with STP, which take half a
 * minute.
 */
export function untilForwarding(port: string): void {
  using socket = new NetlinkSocket();
  const deadlineMs = performance.now() + patienceMs;
  asking(`until ${port} passes frames on`, () => {
    while (linkNamed(socket, port)?.portState === BR_STATE_DISABLED) {
      if (performance.now() >= deadlineMs) return;
      Bun.sleepSync(pauseMs);
    }
  });
}
