import type { Sample } from "../../src/measure/counters.ts";
import type { Counters } from "../../src/plan/counters.ts";

export const counters = (over: Partial<Counters> = {}): Counters => ({
  bytes: 0,
  packets: 0,
  drops: 0,
  backlogBytes: 0,
  backlogPackets: 0,
  ...over,
});

/** Looks every 50 ms; each row is [bytes sent since the look before, backlog in 1514-byte frames], null no class. */
export function looks(rows: ([number, number] | null)[], stepMs = 50): Sample[] {
  let bytes = 0;
  return rows.map((row, i) => {
    if (row === null) return { atMs: i * stepMs, counters: null };
    const [sent, frames] = row;
    bytes += sent;
    return {
      atMs: i * stepMs,
      counters: counters({
        bytes,
        packets: Math.round(bytes / 1514),
        backlogBytes: frames * 1514,
        backlogPackets: frames,
      }),
    };
  });
}

export const times = <T>(n: number, row: T): T[] => Array.from({ length: n }, () => row);
