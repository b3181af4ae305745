import { namespacePath } from "../../../lab/namespaces.ts";
import type { Generator } from "../generator.ts";
import type { Pod } from "../pods.ts";
import { type Count, FRAME_BYTES, TCP_PAYLOAD_BYTES } from "../statistics.ts";
import type { Endpoint, TrafficSpec } from "../traffic/spec.ts";
import type { MatrixNode } from "./node.ts";
import type { Load, Scenario } from "./scenario.ts";

/** Starts one generator and waits until it is ready. */
export type Start = (namespace: string, spec: TrafficSpec) => Promise<Generator>;

export interface RunningLoad {
  /** The receiver's running totals so far, in bytes of frames. */
  counts(): Count[];
  /** What all senders have sent so far, in bytes of frames; null: TCP. */
  sent(): Count[] | null;
  /** What they were asked to send together; 0: TCP. */
  askedBits: number;
  resumedAtMs(): number[];
}

export interface LoadTimes {
  forMs: number;
  everyMs: number;
}

/** What a datagram carries: as much as a TCP segment, and what HTB counts for it (8 UDP, 20 IPv4, 14 Ethernet). */
export const UDP_PAYLOAD_BYTES = 1448;
const UDP_HEADER_BYTES = 42;
const udpFrames = (UDP_PAYLOAD_BYTES + UDP_HEADER_BYTES) / UDP_PAYLOAD_BYTES;
/** 8.7 KB: few calls, and below every pod's gso_max_size from 1 Gbit/s on. */
const FLOOD_SEGMENTS = 3;

const firstTcpPort = 5100;
const firstUdpPort = 6100;

/** Starts the senders and receivers of one load; `index` keeps the ports of loads apart. */
export async function startLoad(
  node: MatrixNode,
  scenario: Scenario,
  load: Load,
  index: number,
  start: Start,
  times: LoadTimes,
): Promise<RunningLoad> {
  if (load.kind === "tcp")
    return startTcp(node, scenario, load, firstTcpPort + index, start, times);
  return startUdp(node, load, firstUdpPort + index, start, times);
}

async function startTcp(
  node: MatrixNode,
  scenario: Scenario,
  load: Extract<Load, { kind: "tcp" }>,
  port: number,
  start: Start,
  { forMs, everyMs }: LoadTimes,
): Promise<RunningLoad> {
  const { direction, flows } = load;
  const end = node.end(load.pod);
  const [from, to] = direction === "egress" ? [end, node.remote] : [node.remote, end];
  const take = async (): Promise<Generator> => {
    if (load.pulled) {
      await start(from.namespace, { role: "tcp-give", port, forMs });
      const host = from.address;
      return start(to.namespace, { role: "tcp-take", host, port, flows, forMs, everyMs });
    }
    const sink = await start(to.namespace, { role: "tcp-sink", port, forMs, everyMs });
    await start(from.namespace, { role: "tcp-source", host: to.address, port, flows, forMs });
    return sink;
  };
  const sink = await take();
  return {
    counts: () =>
      inFrames(sink, scenario.tcpFrames?.[direction] ?? FRAME_BYTES / TCP_PAYLOAD_BYTES),
    sent: () => null,
    askedBits: 0,
    resumedAtMs: () => [],
  };
}

async function startUdp(
  node: MatrixNode,
  load: Exclude<Load, { kind: "tcp" }>,
  port: number,
  start: Start,
  { forMs, everyMs }: LoadTimes,
): Promise<RunningLoad> {
  const ends =
    load.kind === "udp"
      ? [node.end(load.pod)]
      : node.pods.filter(({ name }) => name.startsWith(load.pods));
  const from = ends.map((end): Endpoint => {
    const [sender, receiver] =
      load.direction === "egress" ? [end, node.remote] : [node.remote, end];
    return { netns: namespacePath(sender.namespace), host: receiver.address, port };
  });
  const receiver = load.direction === "egress" ? node.remote : (ends[0] as Pod);
  const at: Endpoint[] = [{ netns: "", host: "", port }];
  const sink = await start(receiver.namespace, { role: "udp-sink", at, forMs, everyMs });
  const burst = load.kind === "bursts";
  const pauses = load.kind === "udp" ? load.pauses : undefined;
  const source = await start(node.remote.namespace, {
    role: "udp-source",
    from,
    rateBits: Math.round(load.rateBits / udpFrames),
    payloadBytes: UDP_PAYLOAD_BYTES,
    segments: burst || load.flood ? FLOOD_SEGMENTS : 1,
    turnMs: burst ? load.everyMs : 1,
    onMs: pauses?.onMs ?? 0,
    offMs: pauses?.offMs ?? 0,
    forMs,
  });
  return {
    counts: () => inFrames(sink, udpFrames),
    sent: () =>
      source.reports.flatMap((line) =>
        line.type === "sent" ? { atMs: line.atMs, bytes: line.bytes * udpFrames } : [],
      ),
    askedBits: load.rateBits * ends.length * onShare(pauses),
    resumedAtMs: () => source.reports.flatMap((line) => (line.type === "resumed" ? line.atMs : [])),
  };
}

const onShare = (pauses: { onMs: number; offMs: number } | undefined): number =>
  pauses === undefined ? 1 : pauses.onMs / (pauses.onMs + pauses.offMs);

function inFrames(sink: Generator, frames: number): Count[] {
  return sink.reports.flatMap((line) =>
    line.type === "count" ? { atMs: line.atMs, bytes: line.bytes * frames } : [],
  );
}
