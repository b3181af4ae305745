import type { Socket } from "bun";
import { finish, nowMs, report } from "./output.ts";
import { anyAddress, type TrafficSpec } from "./spec.ts";
import { streamReceiver } from "./stream.ts";

type Sink = Extract<TrafficSpec, { role: "tcp-sink" }>;
type Source = Extract<TrafficSpec, { role: "tcp-source" }>;
type Give = Extract<TrafficSpec, { role: "tcp-give" }>;
type Take = Extract<TrafficSpec, { role: "tcp-take" }>;

/** How often the sink looks. It is far below the time in which the receive window fills. */
const LOOK_MS = 2;

/** Takes whatever comes and tells how much it was, at a steady interval. */
export function tcpSink({ port, listen = anyAddress[4], forMs, everyMs }: Sink): void {
  const receiver = streamReceiver(listen, port);
  const counter = countEvery(everyMs);
  counter.begin();
  setInterval(() => counter.add(receiver.drain()), LOOK_MS);
  setTimeout(() => finish(0), forMs);
}

/** Does the same as the sink, but opens the connections itself. */
export async function tcpTake({ host, port, flows, forMs, everyMs }: Take): Promise<void> {
  const counter = countEvery(everyMs);
  await connections(host, port, flows, { data: (_, data) => counter.add(data.length) });
  counter.begin();
  setTimeout(() => finish(0), forMs);
}

function countEvery(everyMs: number) {
  let bytes = 0;
  return {
    add(more: number): void {
      bytes += more;
    },
    begin(): void {
      report({ type: "ready" });
      setInterval(() => report({ type: "count", atMs: nowMs(), bytes }), everyMs);
    },
  };
}

/** Large writes keep the sender's own cost low: only the network is to limit the rate. */
const WRITE_BYTES = 256 * 1024;
/**
 * How many full writes there are in a row before others get a turn: on an unlimited wire the buffer may never
 * fill.
 */
const WRITES_PER_TURN = 4;
const chunk = new Uint8Array(WRITE_BYTES);

function fill(socket: Socket): void {
  for (let i = 0; i < WRITES_PER_TURN; i++) {
    // After a short write the kernel's buffer is full, and `drain` calls again.
    if (socket.write(chunk) < chunk.length) return;
  }
  setImmediate(fill, socket);
}

/** Keeps `flows` connections full for `forMs`. */
export async function tcpSource({ host, port, flows, forMs }: Source): Promise<void> {
  await connections(host, port, flows, { open: fill, drain: fill, data() {} });
  report({ type: "ready" });
  // Connections end with the process: nobody is interested in what is still in buffers.
  setTimeout(() => finish(0), forMs);
}

/** Keeps full every connection that somebody opens. */
export function tcpGive({ port, listen = anyAddress[4], forMs }: Give): void {
  Bun.listen({
    hostname: listen,
    port,
    socket: { open: fill, drain: fill, data() {} },
  });
  report({ type: "ready" });
  setTimeout(() => finish(0), forMs);
}

interface Handlers {
  open?(socket: Socket): void;
  drain?(socket: Socket): void;
  data(socket: Socket, data: Buffer): void;
}

function connections(host: string, port: number, flows: number, handlers: Handlers) {
  return Promise.all(
    Array.from({ length: flows }, () =>
      Bun.connect({
        hostname: host,
        port,
        socket: {
          ...handlers,
          close: () => fail("a connection was closed by the other side"),
          error: (_socket, error) => fail(error.message),
        },
      }),
    ),
  );
}

function fail(msg: string): void {
  report({ type: "failed", msg });
  finish(1);
}
