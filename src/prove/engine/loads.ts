import type { Family } from "../../plan/ip.ts";
import { podGsoMaxBytes } from "../../plan/shape.ts";
import { FRAME_BYTES, IPV6_MORE_BYTES, MTU_BYTES, TCP_PAYLOAD_BYTES } from "../judge/statistics.ts";
import { namespacePath } from "../lab/namespaces.ts";
import { anyAddress, type Endpoint } from "../traffic/spec.ts";
import type { Generator, Start } from "./generator.ts";
import { capacityOf, type ProveNode } from "./node.ts";
import type { Pod } from "./pods.ts";
import type { Count } from "./result.ts";
import type { Load, Scenario } from "./scenario.ts";

export interface RunningLoad {
  /** The receiver's running totals so far, in bytes of frames. */
  counts(): Count[];
  /** What all senders have sent so far, in bytes of frames; null for TCP. */
  sent(): Count[] | null;
  /** What they were asked to send together; 0 for TCP. */
  askedBits: number;
  resumedAtMs(): number[];
}

export interface LoadTimes {
  forMs: number;
  everyMs: number;
}

/**
 * A datagram carries as much as a TCP segment. HTB counts the headers for it, too (8 UDP, 20 IPv4, 14
 * Ethernet).
 */
const UDP_PAYLOAD_BYTES = 1448;
const UDP_HEADER_BYTES = 42;
const moreBytes = (family: Family): number => (family === 6 ? IPV6_MORE_BYTES : 0);
/** How many bytes of frames there are for a byte of payload. */
const udpFramesOf = (family: Family): number =>
  (UDP_PAYLOAD_BYTES + UDP_HEADER_BYTES + moreBytes(family)) / UDP_PAYLOAD_BYTES;
const tcpFramesOf = (family: Family): number =>
  FRAME_BYTES / (TCP_PAYLOAD_BYTES - moreBytes(family));
/** The largest units that the pods' gso_max_size lets through in one piece take few calls. */
const unitSegments = (scenario: Scenario): number =>
  Math.floor(
    (podGsoMaxBytes(capacityOf(scenario), MTU_BYTES) - UDP_HEADER_BYTES) / UDP_PAYLOAD_BYTES,
  );

const firstTcpPort = 5100;
const firstUdpPort = 6100;

/** Starts the senders and receivers of one load; `index` keeps the ports of loads apart. */
export async function startLoad(
  node: ProveNode,
  scenario: Scenario,
  load: Load,
  index: number,
  start: Start,
  times: LoadTimes,
): Promise<RunningLoad> {
  if (load.kind === "tcp")
    return startTcp(node, scenario, load, firstTcpPort + index, start, times);
  return startUdp(node, scenario, load, firstUdpPort + index, start, times);
}

type Between = Pick<Extract<Load, { kind: "udp" }>, "direction" | "family" | "to">;

/** Says who sends to whom. */
function sides(node: ProveNode, end: Pod, { direction, to }: Between): [from: Pod, to: Pod] {
  const other = to === undefined ? node.remote : node.end(to);
  return direction === "egress" ? [end, other] : [other, end];
}

function addressOf({ name, address, address6 }: Pod, family: Family): string {
  if (family === 4) return address;
  if (address6 === null) throw new Error(`${name} has no address of IPv6`);
  return address6;
}

async function startTcp(
  node: ProveNode,
  scenario: Scenario,
  load: Extract<Load, { kind: "tcp" }>,
  port: number,
  start: Start,
  { forMs, everyMs }: LoadTimes,
): Promise<RunningLoad> {
  const { direction, flows, family = 4 } = load;
  const [from, to] = sides(node, node.end(load.pod), load);
  const listen = anyAddress[family];
  const take = async (): Promise<Generator> => {
    if (load.pulled) {
      await start(from.namespace, { role: "tcp-give", port, listen, forMs });
      const host = addressOf(from, family);
      return start(to.namespace, { role: "tcp-take", host, port, flows, forMs, everyMs });
    }
    const sink = await start(to.namespace, { role: "tcp-sink", port, listen, forMs, everyMs });
    const host = addressOf(to, family);
    await start(from.namespace, { role: "tcp-source", host, port, flows, forMs });
    return sink;
  };
  const sink = await take();
  return {
    counts: () => inFrames(sink, scenario.tcpFrames?.[direction] ?? tcpFramesOf(family)),
    sent: () => null,
    askedBits: 0,
    resumedAtMs: () => [],
  };
}

async function startUdp(
  node: ProveNode,
  scenario: Scenario,
  load: Exclude<Load, { kind: "tcp" }>,
  port: number,
  start: Start,
  { forMs, everyMs }: LoadTimes,
): Promise<RunningLoad> {
  const ends =
    load.kind === "udp"
      ? [node.end(load.pod)]
      : node.pods.filter(({ name }) => name.startsWith(load.pods));
  const between: Between = load.kind === "udp" ? load : { direction: load.direction };
  const { family = 4 } = between;
  const udpFrames = udpFramesOf(family);
  const from = ends.map((end): Endpoint => {
    const [sender, receiver] = sides(node, end, between);
    return {
      netns: namespacePath(sender.namespace),
      host: addressOf(receiver, family),
      port,
    };
  });
  const [, receiver] = sides(node, ends[0] as Pod, between);
  const at: Endpoint[] = [{ netns: "", host: anyAddress[family], port }];
  const sink = await start(receiver.namespace, { role: "udp-sink", at, forMs, everyMs });
  const burst = load.kind === "bursts";
  const pauses = load.kind === "udp" ? load.pauses : undefined;
  const source = await start(node.remote.namespace, {
    role: "udp-source",
    from,
    rateBits: Math.round(load.rateBits / udpFrames),
    payloadBytes: UDP_PAYLOAD_BYTES,
    segments: burst || load.inUnits ? unitSegments(scenario) : 1,
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
