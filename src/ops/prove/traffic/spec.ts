import { FairwayError, messageOf } from "../../../errors.ts";

/** What one generator does. `forMs` bounds every one of them, whatever becomes of the process that started it. */
export type TrafficSpec =
  | { role: "tcp-sink"; port: number; forMs: number; everyMs: number }
  | { role: "tcp-source"; host: string; port: number; flows: number; forMs: number }
  | { role: "udp-echo"; port: number; forMs: number }
  | {
      role: "udp-probe";
      host: string;
      port: number;
      forMs: number;
      perSecond: number;
      payloadBytes: number;
      timeoutMs: number;
    };

/** One line of JSON on standard output. Times are milliseconds since the epoch, with fractions. */
export type TrafficReport =
  /** The server listens, the source's flows are connected, the prober's socket is open. */
  | { type: "ready" }
  /** Bytes of payload received since the start. */
  | { type: "count"; atMs: number; bytes: number }
  /** Requests that were answered: [when sent, round trip in microseconds]. */
  | { type: "round-trips"; trips: [atMs: number, us: number][] }
  /** The prober's last line: what was due, what was sent in time, when each unanswered one was sent. */
  | { type: "probed"; due: number; sent: number; lostAtMs: number[] }
  | { type: "failed"; msg: string };

const fields: Record<TrafficSpec["role"], Record<string, "number" | "string">> = {
  "tcp-sink": { port: "number", forMs: "number", everyMs: "number" },
  "tcp-source": { host: "string", port: "number", flows: "number", forMs: "number" },
  "udp-echo": { port: "number", forMs: "number" },
  "udp-probe": {
    host: "string",
    port: "number",
    forMs: "number",
    perSecond: "number",
    payloadBytes: "number",
    timeoutMs: "number",
  },
};

/** The prober numbers its requests in their first four bytes. */
export const SEQUENCE_BYTES = 4;

/** @throws FairwayError decode, naming the field that is missing or of the wrong kind. */
export function parseSpec(text: string): TrafficSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FairwayError("decode", `the traffic's description is not JSON: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || !("role" in value)) {
    throw new FairwayError("decode", "the traffic's description names no role");
  }
  const row = Object.entries(fields).find(([role]) => role === value.role)?.[1];
  if (row === undefined) {
    const known = Object.keys(fields).join(", ");
    throw new FairwayError("decode", `no traffic role "${value.role}"`, `known: ${known}`);
  }
  const given = new Map<string, unknown>(Object.entries(value));
  for (const [name, kind] of Object.entries(row)) {
    const found = given.get(name);
    const positive = kind !== "number" || (Number.isInteger(found) && Number(found) > 0);
    if (typeof found !== kind || !positive) {
      const wanted = kind === "number" ? "a whole number above zero" : "a string";
      throw new FairwayError("decode", `traffic "${value.role}": ${name} must be ${wanted}`);
    }
  }
  return value as TrafficSpec;
}
