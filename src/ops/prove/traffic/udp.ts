import { finish, nowMs, report } from "./output.ts";
import { anyAddress, SEQUENCE_BYTES, type TrafficSpec } from "./spec.ts";

type Echo = Extract<TrafficSpec, { role: "udp-echo" }>;
type Probe = Extract<TrafficSpec, { role: "udp-probe" }>;

/** Answers every datagram with itself. */
export async function udpEcho({ port, listen = anyAddress[4], forMs }: Echo): Promise<void> {
  await Bun.udpSocket({
    hostname: listen,
    port,
    socket: {
      data(socket, data, peerPort, peer) {
        socket.send(data, peerPort, peer);
      },
    },
  });
  report({ type: "ready" });
  setTimeout(() => finish(0), forMs);
}

/** How often answers are handed over: seldom, so that reporting does not disturb what is measured. */
const FLUSH_MS = 500;
/** How often it looks, once all is sent, whether all is answered. */
const LAST_ANSWERS_MS = 20;

/**
 * Sends requests at a steady pace, whether or not answers come (an open loop: a slow answer does not
 * hide the ones that would have waited behind it), and times each answer.
 * A request whose moment has passed before the process ran is not sent late in a bunch: it is skipped,
 * and the last line tells how many were due and how many were sent.
 */
export async function udpProbe(spec: Probe): Promise<void> {
  const due = Math.floor((spec.forMs * spec.perSecond) / 1000);
  const periodNs = 1e9 / spec.perSecond;
  const sentAtNs = new Float64Array(due);
  const answered = new Uint8Array(due);
  let answers = 0;
  let trips: [number, number][] = [];
  // One clock for both ends of a round trip; the epoch is added only for the reader.
  const epochOfClockMs = nowMs() - Bun.nanoseconds() / 1e6;
  const socket = await Bun.udpSocket({
    connect: { hostname: spec.host, port: spec.port },
    socket: {
      data(_socket, data) {
        const nowNs = Bun.nanoseconds();
        const index = data.readUInt32BE(0);
        const sent = sentAtNs[index];
        if (!sent || answered[index] || nowNs - sent > spec.timeoutMs * 1e6) return;
        answered[index] = 1;
        answers += 1;
        trips.push([epochOfClockMs + sent / 1e6, (nowNs - sent) / 1e3]);
      },
      // What comes here is an ICMP error: the request was not answered, and is counted as lost.
      error() {},
    },
  });
  report({ type: "ready" });

  const request = Buffer.alloc(Math.max(spec.payloadBytes, SEQUENCE_BYTES));
  const startNs = Bun.nanoseconds();
  let sent = 0;
  const tick = (): void => {
    const elapsedNs = Bun.nanoseconds() - startNs;
    const index = Math.floor(elapsedNs / periodNs);
    if (index >= due) return void lastAnswers(Bun.nanoseconds() + spec.timeoutMs * 1e6);
    if (sentAtNs[index] === 0) {
      request.writeUInt32BE(index, 0);
      sentAtNs[index] = Bun.nanoseconds();
      if (socket.send(request)) sent += 1;
      else sentAtNs[index] = 0;
    }
    const waitNs = (index + 1) * periodNs - (Bun.nanoseconds() - startNs);
    setTimeout(tick, Math.max(0, waitNs / 1e6));
  };
  /** Until the last answer is there, or would be too late. */
  const lastAnswers = (untilNs: number): void => {
    if (answers === sent || Bun.nanoseconds() >= untilNs) end();
    else setTimeout(lastAnswers, LAST_ANSWERS_MS, untilNs);
  };
  const flush = (): void => {
    if (trips.length > 0) report({ type: "round-trips", trips });
    trips = [];
  };
  const end = (): void => {
    flush();
    const lostAtMs: number[] = [];
    for (let i = 0; i < due; i++) {
      const at = sentAtNs[i];
      if (at && !answered[i]) lostAtMs.push(epochOfClockMs + at / 1e6);
    }
    report({ type: "probed", due, sent, lostAtMs });
    finish(0);
  };
  setInterval(flush, FLUSH_MS);
  tick();
}
