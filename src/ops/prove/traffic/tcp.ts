import type { Socket } from "bun";
import { finish, nowMs, report } from "./output.ts";
import type { TrafficSpec } from "./spec.ts";

type Sink = Extract<TrafficSpec, { role: "tcp-sink" }>;
type Source = Extract<TrafficSpec, { role: "tcp-source" }>;

/** Takes whatever comes and tells how much it was, at a steady interval. */
export function tcpSink({ port, forMs, everyMs }: Sink): void {
  let bytes = 0;
  Bun.listen({
    hostname: "0.0.0.0",
    port,
    socket: {
      data(_socket, data) {
        bytes += data.length;
      },
    },
  });
  report({ type: "ready" });
  setInterval(() => report({ type: "count", atMs: nowMs(), bytes }), everyMs);
  setTimeout(() => finish(0), forMs);
}

/** Large writes keep the sender's own cost low: what limits the rate has to be the network. */
const WRITE_BYTES = 256 * 1024;
/** Full writes in a row before others get a turn: on an unlimited wire the buffer may never fill. */
const WRITES_PER_TURN = 4;

/** Keeps `flows` connections full for a time. */
export async function tcpSource({ host, port, flows, forMs }: Source): Promise<void> {
  const chunk = new Uint8Array(WRITE_BYTES);
  const fill = (socket: Socket): void => {
    for (let i = 0; i < WRITES_PER_TURN; i++) {
      // A short write: the kernel's buffer is full, `drain` calls again.
      if (socket.write(chunk) < chunk.length) return;
    }
    setImmediate(fill, socket);
  };
  await Promise.all(
    Array.from({ length: flows }, () =>
      Bun.connect({
        hostname: host,
        port,
        socket: {
          open: fill,
          drain: fill,
          data() {},
          close: () => fail("a connection was closed by the other side"),
          error: (_socket, error) => fail(error.message),
        },
      }),
    ),
  );
  report({ type: "ready" });
  // Connections end with the process: what is still in buffers is of no interest.
  setTimeout(() => finish(0), forMs);
}

function fail(msg: string): void {
  report({ type: "failed", msg });
  finish(1);
}
