/** Bursts as people write them: a size, or the time that they take at the rate. */
import { formatDuration, parseBurstBytes, parseBurstUs } from "./quantities.ts";
import type { Burst } from "./types.ts";

/** "64Ki" is a size, "4ms" a time: no suffix of a quantity ends in "s", every duration does. */
export function parseBurst(value: string | number, key: string): Burst {
  return typeof value === "string" && value.endsWith("s")
    ? { kind: "time", us: parseBurstUs(value, key) }
    : { kind: "size", bytes: parseBurstBytes(value, key) };
}

export function formatBurst(burst: Burst): string {
  return burst.kind === "time" ? formatDuration(burst.us) : `${burst.bytes} bytes`;
}
