import type { Count, LatencyPoint, LatencyRun, RatePoint } from "../engine/result.ts";
import type { RoundTrip } from "../traffic/spec.ts";

/** Both are milliseconds since the same moment; `fromMs` is inside, `toMs` is not. */
export interface TimeWindow {
  fromMs: number;
  toMs: number;
}

/** The time that one point of a curve stands for. */
export const seriesStepMs = 100;

/** The payload of one TCP segment of a flow, and what HTB counts for it (MTU 1500, IPv4, TCP timestamps). */
export const TCP_PAYLOAD_BYTES = 1448;
export const MTU_BYTES = 1_500;
export const FRAME_BYTES = MTU_BYTES + 14;
/** IPv6's header has 40 bytes, IPv4's has 20. */
export const IPV6_MORE_BYTES = 20;

/** Converts bits of TCP payload into bits of Ethernet frames (IP packet + 14), the unit of all promises. */
export function asFrames(payloadBits: number): number {
  return (payloadBits * FRAME_BYTES) / TCP_PAYLOAD_BYTES;
}

/**
 * The nearest-rank percentile of sorted values followed by `lost` values above all of them. null means that
 * the rank falls among the lost, or that there is nothing to rank.
 */
export function percentile(sorted: readonly number[], percent: number, lost = 0): number | null {
  const rank = Math.max(1, Math.ceil(((sorted.length + lost) * percent) / 100));
  return sorted[rank - 1] ?? null;
}

/**
 * A running total at a moment between two of its counts, in proportion. Outside of them it is the nearest
 * count.
 */
export function bytesAt(counts: readonly Count[], atMs: number): number {
  let before: Count | undefined;
  for (const count of counts) {
    if (count.atMs >= atMs) {
      if (before === undefined || count.atMs === before.atMs) return count.bytes;
      const share = (atMs - before.atMs) / (count.atMs - before.atMs);
      return before.bytes + share * (count.bytes - before.bytes);
    }
    before = count;
  }
  return before?.bytes ?? 0;
}

/** The rate in bits per second over a window, of what is counted. */
export function rateBits(counts: readonly Count[], { fromMs, toMs }: TimeWindow): number {
  const bytes = bytesAt(counts, toMs) - bytesAt(counts, fromMs);
  return (bytes * 8 * 1000) / (toMs - fromMs);
}

/** The pieces of a window. Each is `stepMs` long, except perhaps the last. */
export function slices({ fromMs, toMs }: TimeWindow, stepMs: number): TimeWindow[] {
  const count = Math.ceil((toMs - fromMs) / stepMs);
  return Array.from({ length: count }, (_, i) => ({
    fromMs: fromMs + i * stepMs,
    toMs: Math.min(toMs, fromMs + (i + 1) * stepMs),
  }));
}

/** A rate over time. */
export function rateSeries(
  counts: readonly Count[],
  window: TimeWindow,
  stepMs: number,
): RatePoint[] {
  return slices(window, stepMs).map((slice) => ({
    atMs: Math.round(slice.fromMs - window.fromMs),
    bits: Math.round(rateBits(counts, slice)),
  }));
}

/** What the prober reported of one phase. */
export interface Probes {
  due: number;
  sent: number;
  trips: readonly Readonly<RoundTrip>[];
  lostAtMs: readonly number[];
}

/**
 * Makes percentiles and a series of the requests that were sent inside the window. `due` and `sent` are the
 * prober's own, for its whole time: they tell whether it kept its pace.
 */
export function latencyRun(
  { due, sent, trips, lostAtMs }: Probes,
  window: TimeWindow,
  stepMs: number,
): Omit<LatencyRun, "busyShare"> {
  const inside = ({ fromMs, toMs }: TimeWindow, at: number): boolean => at >= fromMs && at < toMs;
  const sortedOf = (slice: TimeWindow, which: 1 | 2): number[] =>
    trips.flatMap((trip) => (inside(slice, trip[0]) ? trip[which] : [])).sort((a, b) => a - b);
  const within = (slice: TimeWindow) => ({
    sorted: sortedOf(slice, 1),
    lost: lostAtMs.filter((at) => inside(slice, at)).length,
  });
  const all = within(window);
  const series = slices(window, stepMs).flatMap((slice): LatencyPoint | [] => {
    const { sorted, lost } = within(slice);
    // A slice without a request says nothing; one without an answer says something.
    if (sorted.length + lost === 0) return [];
    return {
      atMs: Math.round(slice.fromMs - window.fromMs),
      p50Us: rounded(percentile(sorted, 50, lost)),
      maxUs: rounded(sorted.at(-1) ?? null),
      lost,
    };
  });
  return {
    due,
    sent,
    requests: all.sorted.length + all.lost,
    lost: all.lost,
    p50Us: rounded(percentile(all.sorted, 50, all.lost)),
    p99Us: rounded(percentile(all.sorted, 99, all.lost)),
    minUs: rounded(all.sorted[0] ?? null),
    seenP50Us: rounded(percentile(sortedOf(window, 2), 50, all.lost)),
    series,
  };
}

/** Rounds to a tenth of a microsecond: the clock is no more exact. */
function rounded(us: number | null): number | null {
  return us === null ? null : Math.round(us * 10) / 10;
}
