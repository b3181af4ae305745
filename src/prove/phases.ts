import { setTimeout as sleep } from "node:timers/promises";
import type { Direction } from "../plan/node.ts";
import { type Generator, withGenerators } from "./generator.ts";
import type { ProveNode } from "./node.ts";
import type { Pod } from "./pods.ts";
import { processorTimes, shareBusy } from "./processors.ts";
import type { LatencyRun, LoadedRun, ProveSettings, ThroughputRun } from "./result.ts";
import {
  asFrames,
  type Count,
  latencyRun,
  type Probes,
  rateBits,
  type TimeWindow,
  throughputSeries,
} from "./statistics.ts";
import { nowMs } from "./traffic/output.ts";
import type { RoundTrip } from "./traffic/spec.ts";

export interface Phases {
  node: ProveNode;
  settings: ProveSettings;
  signal: AbortSignal;
}

/** TCP flows find their rates, queues fill, the prober's code gets compiled: none of it is counted. */
export const WARM_UP_MS = 1_000;
/** An unanswered request is lost after this: sixty times the wire's full queue. */
const PROBE_TIMEOUT_MS = 1_000;
const PROBE_BYTES = 64;
const SINK_EVERY_MS = 50;
/** One point of a curve. */
const STEP_MS = 100;
/** For the start of what comes later in a phase: servers outlive it, they are stopped at its end. */
const SLACK_MS = 15_000;

const ports = { noisy: 5001, steady: 5002, echo: 7000 } as const;

/** How long a phase takes: its start, its warm-up, its window. */
export function phaseSeconds(kind: "idle" | "loaded" | "throughput", seconds: number): number {
  const rest = { idle: 0.3 + 1, loaded: 0.6 + 1 + 1, throughput: 0.6 + 1 };
  return seconds + rest[kind];
}

/** Request-response alone. */
export function idleLatency(phases: Phases): Promise<LatencyRun> {
  return withGenerators(async (start) => {
    const before = processorTimes();
    const run = await probeSteady(phases, start);
    return { ...run.latency, busyShare: shareBusy(before, processorTimes()) };
  }, phases.signal);
}

/** Request-response of the steady pod, which sends nothing else, while the noisy one fills a direction. */
export function loadedLatency(phases: Phases, direction: Direction): Promise<LoadedRun> {
  return withGenerators(async (start) => {
    const { node, settings, signal } = phases;
    const sink = await flows(phases, start, direction, node.noisy, settings.noisyFlows);
    await sleep(WARM_UP_MS, undefined, { signal });
    const before = processorTimes();
    const { latency, window } = await probeSteady(phases, start);
    const busyShare = shareBusy(before, processorTimes());
    return { ...latency, busyShare, noisyBits: asFrames(rateBits(counts(sink), window)) };
  }, phases.signal);
}

/** Both pods send (or receive) all they can. */
export function throughput(phases: Phases, direction: Direction): Promise<ThroughputRun> {
  return withGenerators(async (start) => {
    const { node, settings, signal } = phases;
    const noisySink = await flows(phases, start, direction, node.noisy, settings.noisyFlows);
    const steadySink = await flows(phases, start, direction, node.steady, settings.steadyFlows);
    await sleep(WARM_UP_MS, undefined, { signal });
    const before = processorTimes();
    const fromMs = nowMs();
    const window = { fromMs, toMs: fromMs + settings.seconds * 1000 };
    // The last counts have to come in before anything is stopped.
    await sleep(settings.seconds * 1000 + 2 * SINK_EVERY_MS, undefined, { signal });
    const [steady, noisy] = [counts(steadySink), counts(noisySink)];
    return {
      steadyBits: asFrames(rateBits(steady, window)),
      noisyBits: asFrames(rateBits(noisy, window)),
      series: throughputSeries(steady, noisy, window, STEP_MS),
      busyShare: shareBusy(before, processorTimes()),
    };
  }, phases.signal);
}

type End = Pick<Pod, "namespace" | "address">;

type Start = Parameters<Parameters<typeof withGenerators>[0]>[0];

/** TCP flows from a pod to the remote host (egress) or the other way; returns the sink. */
async function flows(
  { node, settings }: Phases,
  start: Start,
  direction: Direction,
  pod: Pod<"steady" | "noisy">,
  count: number,
): Promise<Generator> {
  const [from, to] = direction === "egress" ? [pod, node.remote] : [node.remote, pod];
  const port = ports[pod.name];
  const forMs = settings.seconds * 1000 + SLACK_MS;
  const sink = await start(to.namespace, { role: "tcp-sink", port, forMs, everyMs: SINK_EVERY_MS });
  const { address: host } = to;
  await start(from.namespace, { role: "tcp-source", host, port, flows: count, forMs });
  return sink;
}

function probeSteady({ node, settings }: Phases, start: Start) {
  return probe({ from: node.steady, to: node.remote }, start, {
    port: ports.echo,
    measuredMs: settings.seconds * 1000,
    perSecond: settings.probesPerSecond,
  });
}

function counts(sink: Generator): Count[] {
  return sink.reports.flatMap((line) => (line.type === "count" ? line : []));
}

export interface ProbeSettings {
  port: number;
  measuredMs: number;
  perSecond: number;
}

/** Requests from one end to the other and back; the window begins when the prober is warm. */
export async function probe(
  { from, to }: { from: End; to: End },
  start: Start,
  { port, measuredMs, perSecond }: ProbeSettings,
): Promise<{ latency: Omit<LatencyRun, "busyShare">; window: TimeWindow }> {
  await start(to.namespace, { role: "udp-echo", port, forMs: measuredMs + SLACK_MS });
  const prober = await start(from.namespace, {
    role: "udp-probe",
    host: to.address,
    port,
    forMs: WARM_UP_MS + measuredMs,
    perSecond,
    payloadBytes: PROBE_BYTES,
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  const fromMs = nowMs() + WARM_UP_MS;
  const window = { fromMs, toMs: fromMs + measuredMs };
  await prober.ended;
  return { latency: latencyRun(probesOf(prober), window, STEP_MS), window };
}

function probesOf(prober: Generator): Probes {
  const trips: RoundTrip[] = [];
  const probes = { due: 0, sent: 0, trips, lostAtMs: [] as readonly number[] };
  for (const line of prober.reports) {
    if (line.type === "round-trips") trips.push(...line.trips);
    if (line.type === "probed")
      Object.assign(probes, { due: line.due, sent: line.sent, lostAtMs: line.lostAtMs });
  }
  return probes;
}
