/**
 * Receives TCP by the kernel's own calls: it looks at its connections at a steady pace and throws away what
 * has come without copying it. A receiver that wakes for every segment would take a processor from the node
 * that is measured, which no remote host does.
 */
import { libc, ptr } from "../../kernel/netlink/libc.ts";
import { familyOf } from "../../plan/ip.ts";
import { calls } from "./calls.ts";
import {
  bindTo,
  check,
  MSG_TRUNC,
  openSocket,
  SO_RCVLOWAT,
  SO_REUSEADDR,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  set,
  socketTypes,
} from "./sockets.ts";

/** How many connections may wait for the next look. */
const BACKLOG = 128;
/** How much is taken of one connection in one call. */
const TAKE_BYTES = 4 << 20;
/**
 * The kernel acknowledges what comes in by itself only while less than this waits to be taken, and else
 * when it is taken (__tcp_ack_snd_check, net/ipv4/tcp_input.c). At 1, the default, the time between two
 * looks would be part of each round trip. The kernel takes half of the largest receive buffer instead
 * where that is less.
 */
const UNTAKEN_BYTES = TAKE_BYTES;

export interface StreamReceiver {
  /** Accepts whoever waits and takes all that has come. Returns its payload in bytes. */
  drain(): number;
}

export function streamReceiver(listen: string, port: number): StreamReceiver {
  const listening = openSocket(socketTypes.stream, familyOf(listen));
  set(listening, SOL_SOCKET, SO_REUSEADDR, 1);
  bindTo(listening, listen, port);
  check(calls().listen(listening, BACKLOG), `listen on port ${port}`);
  const { accept4 } = calls();
  const { recv, close } = libc();
  const nothing = new Uint8Array(1);
  let connections: number[] = [];
  return {
    drain() {
      for (;;) {
        const fd = accept4(listening, null, null, SOCK_NONBLOCK);
        if (fd < 0) break;
        set(fd, SOL_SOCKET, SO_RCVLOWAT, UNTAKEN_BYTES);
        connections.push(fd);
      }
      let bytes = 0;
      connections = connections.filter((fd) => {
        // With MSG_TRUNC, TCP drops up to this much of what it holds, and writes nothing to the buffer.
        const taken = Number(recv(fd, ptr(nothing), TAKE_BYTES, MSG_TRUNC));
        if (taken > 0) bytes += taken;
        // Below 0 there is nothing now, or there was a reset, after which the next look finds the end.
        const open = taken !== 0;
        if (!open) close(fd);
        return open;
      });
      return bytes;
    },
  };
}
