/** Sends requests and takes answers, again and again, from one end to the other. */
import { latencyRun, type Probes, seriesStepMs, type TimeWindow } from "../judge/statistics.ts";
import { nowMs } from "../traffic/output.ts";
import type { RoundTrip } from "../traffic/spec.ts";
import type { Generator, Start } from "./generator.ts";
import type { Pod } from "./pods.ts";
import type { LatencyRun } from "./result.ts";

/**
 * In this time TCP flows find their rates, queues fill, and the prober's code gets compiled. None of it is
 * counted.
 */
export const WARM_UP_MS = 1_000;
/** After this time an unanswered request counts as lost. It is sixty times the wire's full queue. */
const PROBE_TIMEOUT_MS = 1_000;
const PROBE_BYTES = 64;
/**
 * This leaves time for the start of what comes later in a phase. Servers live longer than the phase; they are
 * stopped at its end.
 */
const SLACK_MS = 15_000;

type End = Pick<Pod, "namespace" | "address">;

export interface ProbeSettings {
  port: number;
  measuredMs: number;
  perSecond: number;
  /** Called once the prober sends: what has come back so far, at each moment, and when its warm-up ends. */
  began?: (trips: () => readonly Readonly<RoundTrip>[], fromMs: number) => void;
}

/**
 * Sends requests from one end to the other and takes the answers. The window begins when the prober is warm.
 */
export async function probe(
  { from, to }: { from: End; to: End },
  start: Start,
  { port, measuredMs, perSecond, began }: ProbeSettings,
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
  began?.(() => probesOf(prober).trips, fromMs);
  await prober.ended;
  return { latency: latencyRun(probesOf(prober), window, seriesStepMs), window };
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
