import { receiver, sender } from "./datagram.ts";
import { finish, nowMs, report } from "./output.ts";
import type { TrafficSpec } from "./spec.ts";

type Source = Extract<TrafficSpec, { role: "udp-source" }>;
type Sink = Extract<TrafficSpec, { role: "udp-sink" }>;

/** A sender that had to wait for a processor makes up for this much of its rate, and no more. */
const CATCH_UP_MS = 20;
const REPORT_MS = 100;

/**
 * Sends at a rate, the same from each end: at each turn it sends what the time since the last one has earned.
 */
export function udpSource(spec: Source): void {
  const { rateBits, payloadBytes, segments, turnMs, onMs, offMs, forMs } = spec;
  const unit = new Uint8Array(payloadBytes * segments);
  const senders = spec.from.map((end) => sender(end, payloadBytes));
  const bytesPerMs = rateBits / 8000;
  const mostOwed = bytesPerMs * Math.max(CATCH_UP_MS, turnMs) + unit.length;
  report({ type: "ready" });

  const startMs = nowMs();
  let lastMs = startMs;
  let owed = 0;
  let bytes = 0;
  let silent = offMs > 0;
  let turns = 0;
  const turn = (): void => {
    const now = nowMs();
    if (offMs === 0 || (now - startMs) % (onMs + offMs) >= offMs) {
      if (silent) {
        report({ type: "resumed", atMs: now });
        // It sends a unit at once: the flow begins now and not when the first one has been earned.
        owed = unit.length;
        silent = false;
      } else {
        owed = Math.min(mostOwed, owed + (now - lastMs) * bytesPerMs);
      }
      // Each end sends one unit in turn, so that all of them send at once and not one after the other.
      for (; owed >= unit.length; owed -= unit.length) {
        for (const each of senders) if (each.send(unit)) bytes += unit.length;
      }
    } else {
      silent = true;
    }
    lastMs = now;
    turns = Math.max(turns + 1, Math.ceil((nowMs() - startMs) / turnMs));
    setTimeout(turn, Math.max(0, startMs + turns * turnMs - nowMs()));
  };
  setInterval(() => report({ type: "sent", atMs: nowMs(), bytes }), REPORT_MS);
  setTimeout(() => finish(0), forMs);
  turn();
}

/** How often a sink looks. It is well below the shortest bin that anybody asks for. */
const DRAIN_MS = 1;

/** Takes whatever comes to each end and tells how much it was, at a steady interval. */
export function udpSink({ at, forMs, everyMs }: Sink): void {
  const ends = at.map((end) => ({ ...receiver(end), bytes: 0 }));
  report({ type: "ready" });
  let reportedMs = nowMs();
  const drain = (): void => {
    for (const end of ends) end.bytes += end.drain();
    const now = nowMs();
    if (now - reportedMs >= everyMs) {
      reportedMs = now;
      ends.forEach(({ bytes }, of) => {
        report({ type: "count", of, atMs: now, bytes });
      });
    }
    setTimeout(drain, DRAIN_MS);
  };
  setTimeout(() => finish(0), forMs);
  drain();
}
