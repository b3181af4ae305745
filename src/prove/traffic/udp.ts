import { finish, report } from "./output.ts";
import { anyAddress, noNumber, probe, type RoundTrip, type TrafficSpec } from "./spec.ts";
import { connectedSocket, epochMs, listeningSocket, nowNs } from "./stamped.ts";

type Echo = Extract<TrafficSpec, { role: "udp-echo" }>;
type Probe = Extract<TrafficSpec, { role: "udp-probe" }>;

/**
 * Both wait in the kernel, and let the runtime look at its own affairs this often (for example whether the
 * parent is still there).
 */
const YIELD_NS = 50e6;
const yielded = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Answers every datagram with itself, and with how long it and the one before were held here. */
export async function udpEcho({ port, listen = anyAddress[4], forMs }: Echo): Promise<void> {
  const socket = listeningSocket(listen, port);
  report({ type: "ready" });
  const untilNs = nowNs() + forMs * 1e6;
  let yieldNs = 0;
  /** The last request of each sender. */
  const before = new Map<string, { number: number; heldNs: number }>();
  while (nowNs() < untilNs) {
    if (nowNs() >= yieldNs) {
      await yielded();
      yieldNs = nowNs() + YIELD_NS;
    }
    socket.wait(YIELD_NS);
    for (let taken = socket.take(); taken !== null; taken = socket.take()) {
      const { bytes, arrivedNs } = taken;
      if (bytes.length < probe.bytes) continue;
      const from = socket.sender();
      const view = new DataView(bytes.buffer);
      const { number, heldNs } = before.get(from) ?? { number: noNumber, heldNs: 0 };
      view.setUint32(probe.before, number);
      view.setFloat64(probe.beforeHeldNs, heldNs);
      const sentNs = nowNs();
      view.setFloat64(probe.heldNs, sentNs - arrivedNs);
      socket.answer(bytes);
      const leftNs = socket.leftNs(sentNs);
      if (leftNs === null) before.delete(from);
      else before.set(from, { number: view.getUint32(probe.number), heldNs: leftNs - arrivedNs });
    }
  }
  finish(0);
}

/** How often answers are handed over. It is seldom, so that reporting does not disturb what is measured. */
const FLUSH_NS = 500e6;

/**
 * Sends requests at a steady pace, whether or not answers come (an open loop: a slow answer does not
 * hide the ones that would have waited behind it), and times each answer.
 * A request whose moment has passed before the process ran is not sent late in a bunch: it is skipped,
 * and the last line tells how many were due and how many were sent.
 */
export async function udpProbe(spec: Probe): Promise<void> {
  const due = Math.floor((spec.forMs * spec.perSecond) / 1000);
  const periodNs = 1e9 / spec.perSecond;
  const timeoutNs = spec.timeoutMs * 1e6;
  const sentAtNs = new Float64Array(due);
  /** The moment when each was at the device. */
  const leftNs = new Float64Array(due);
  const answered = new Uint8Array(due);
  let answers = 0;
  let sent = 0;
  let trips: RoundTrip[] = [];
  /** These are answered, and the other end has not said yet how long it held them from device to device. */
  const open = new Map<number, { awayNs: number; heldNs: number; seenNs: number }>();
  const socket = connectedSocket(spec.host, spec.port);
  report({ type: "ready" });

  const settle = (index: number, heldNs?: number): void => {
    const trip = open.get(index);
    if (trip === undefined) return;
    open.delete(index);
    const networkNs = trip.awayNs - (heldNs ?? trip.heldNs);
    trips.push([epochMs(sentAtNs[index] ?? 0), networkNs / 1e3, trip.seenNs / 1e3]);
  };
  const takeAnswers = (): void => {
    for (let taken = socket.take(); taken !== null; taken = socket.take()) {
      const seenNs = nowNs();
      const { bytes, arrivedNs } = taken;
      const view = new DataView(bytes.buffer);
      settle(view.getUint32(probe.before), view.getFloat64(probe.beforeHeldNs));
      const index = view.getUint32(probe.number);
      const at = sentAtNs[index];
      if (!at || answered[index] || arrivedNs - at > timeoutNs) continue;
      answered[index] = 1;
      answers += 1;
      const awayNs = arrivedNs - (leftNs[index] ?? at);
      open.set(index, { awayNs, heldNs: view.getFloat64(probe.heldNs), seenNs: seenNs - at });
    }
  };
  const flush = (): void => {
    if (trips.length > 0) report({ type: "round-trips", trips });
    trips = [];
  };

  const request = new Uint8Array(Math.max(spec.payloadBytes, probe.bytes));
  const number = new DataView(request.buffer);
  const startNs = nowNs();
  const endNs = startNs + due * periodNs;
  let yieldNs = startNs;
  let flushNs = startNs + FLUSH_NS;
  /** The first request that may still be sent: there is one for each period. */
  let next = 0;
  // After the last request this goes on until all answers are there, or would be too late.
  for (
    let now = startNs;
    now < endNs || (answers < sent && now < endNs + timeoutNs);
    now = nowNs()
  ) {
    const index = Math.floor((now - startNs) / periodNs);
    if (index >= next && index < due) {
      next = index + 1;
      number.setUint32(probe.number, index);
      const sentNs = nowNs();
      if (socket.send(request)) {
        sent += 1;
        sentAtNs[index] = sentNs;
        leftNs[index] = socket.leftNs(sentNs) ?? sentNs;
      }
    }
    const untilNs = next < due ? startNs + next * periodNs : now + YIELD_NS;
    socket.wait(Math.min(untilNs, now + YIELD_NS) - nowNs());
    takeAnswers();
    if (now >= flushNs) {
      flush();
      flushNs = now + FLUSH_NS;
    }
    if (now >= yieldNs) {
      await yielded();
      yieldNs = now + YIELD_NS;
    }
  }
  // For the last one, and for those before an answer that was lost, it counts until the answer was handed
  // over there.
  for (const index of [...open.keys()]) settle(index);
  flush();
  const lostAtMs = Array.from(sentAtNs).flatMap((at, i) => (at && !answered[i] ? epochMs(at) : []));
  report({ type: "probed", due, sent, lostAtMs });
  finish(0);
}
