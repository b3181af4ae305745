import { FairwayError, messageOf } from "../../errors.ts";
import type { Family } from "../../plan/ip.ts";

/** One end of a datagram's way: a namespace's path ("" is the generator's own), an address, a port. */
export interface Endpoint {
  netns: string;
  host: string;
  port: number;
}

/** Where a server listens, where that is not 0.0.0.0: "::" is IPv6. */
interface Listening {
  port: number;
  listen?: string;
}

/** What one generator does. `forMs` bounds every one of them, whatever becomes of the process that started it. */
export type TrafficSpec =
  | ({ role: "tcp-sink"; forMs: number; everyMs: number } & Listening)
  | { role: "tcp-source"; host: string; port: number; flows: number; forMs: number }
  /** The other way to open a connection: the one who listens gives, the one who connects takes. */
  | ({ role: "tcp-give"; forMs: number } & Listening)
  | {
      role: "tcp-take";
      host: string;
      port: number;
      flows: number;
      forMs: number;
      everyMs: number;
    }
  /** One process for many pods: it opens each socket in that pod's namespace. */
  | {
      role: "udp-source";
      /** The senders' namespaces, each with where it sends to. */
      from: Endpoint[];
      /** Of each of them: payload, in the mean over the time that it is on. */
      rateBits: number;
      payloadBytes: number;
      /** Datagrams that the kernel is given in one piece (UDP_SEGMENT): few for a paced flow, several to flood. */
      segments: number;
      /** How often the sender sends all that its rate has earned it: 1 is paced, 20 is bursts. */
      turnMs: number;
      /** Sends for the one, is silent for the other; both 0: always on. */
      onMs: number;
      offMs: number;
      forMs: number;
    }
  /** `at`: it takes what comes to the port in that namespace; of the host only the family counts ("": IPv4). */
  | { role: "udp-sink"; at: Endpoint[]; forMs: number; everyMs: number }
  | ({ role: "udp-echo"; forMs: number } & Listening)
  | {
      role: "udp-probe";
      host: string;
      port: number;
      forMs: number;
      perSecond: number;
      payloadBytes: number;
      timeoutMs: number;
    };

/**
 * When a request was sent, and its round trip twice, in microseconds: in the network, from the moment
 * that it left the sender's device until the answer was there, without the time from device to device
 * that the other end held it; and as the processes see it, everybody's waits for a processor included.
 */
export type RoundTrip = [atMs: number, us: number, seenUs: number];

/** One line of JSON on standard output. Times are milliseconds since the epoch, with fractions. */
export type TrafficReport =
  /** The server listens, the source's flows are connected, the prober's socket is open. */
  | { type: "ready" }
  /** Bytes of payload received since the start; `of`: by which end, where a sink has several. */
  | { type: "count"; of?: number; atMs: number; bytes: number }
  /** Bytes of payload sent since the start, by all ends of a source. */
  | { type: "sent"; atMs: number; bytes: number }
  /** A source with pauses sends again. */
  | { type: "resumed"; atMs: number }
  /** Requests that were answered. */
  | { type: "round-trips"; trips: RoundTrip[] }
  /** The prober's last line: what was due, what was sent in time, when each unanswered one was sent. */
  | { type: "probed"; due: number; sent: number; lostAtMs: number[] }
  | { type: "failed"; msg: string };

/** "count" may be zero. */
type FieldKind = "number" | "count" | "string" | "string?" | "endpoints";

const fields: Record<TrafficSpec["role"], Record<string, FieldKind>> = {
  "tcp-sink": { port: "number", listen: "string?", forMs: "number", everyMs: "number" },
  "tcp-source": { host: "string", port: "number", flows: "number", forMs: "number" },
  "tcp-give": { port: "number", listen: "string?", forMs: "number" },
  "tcp-take": {
    host: "string",
    port: "number",
    flows: "number",
    forMs: "number",
    everyMs: "number",
  },
  "udp-source": {
    from: "endpoints",
    rateBits: "number",
    payloadBytes: "number",
    segments: "number",
    turnMs: "number",
    onMs: "count",
    offMs: "count",
    forMs: "number",
  },
  "udp-sink": { at: "endpoints", forMs: "number", everyMs: "number" },
  "udp-echo": { port: "number", listen: "string?", forMs: "number" },
  "udp-probe": {
    host: "string",
    port: "number",
    forMs: "number",
    perSecond: "number",
    payloadBytes: "number",
    timeoutMs: "number",
  },
};

const whole = (value: unknown): value is number => Number.isInteger(value);

function isEndpoint(value: unknown): value is Endpoint {
  const end = value as Partial<Endpoint> | null;
  return (
    typeof end?.netns === "string" &&
    typeof end.host === "string" &&
    whole(end.port) &&
    end.port > 0
  );
}

const holds: Record<FieldKind, { words: string; test(value: unknown): boolean }> = {
  number: { words: "a whole number above zero", test: (value) => whole(value) && value > 0 },
  count: { words: "a whole number", test: (value) => whole(value) && value >= 0 },
  string: { words: "a string", test: (value) => typeof value === "string" },
  "string?": {
    words: "a string, or absent",
    test: (value) => value === undefined || typeof value === "string",
  },
  endpoints: {
    words: "a list of ends, each with netns, host and port",
    test: (value) => Array.isArray(value) && value.length > 0 && value.every(isEndpoint),
  },
};

/** To listen at all addresses of a family. */
export const anyAddress: Record<Family, string> = { 4: "0.0.0.0", 6: "::" };

/**
 * How a request begins, and its answer: its number, and for how many nanoseconds the other end's
 * processes held it (a double), from its arrival at their device until they handed the answer over.
 * When that answer left the device is known only afterwards, so the next answer to the same sender
 * says it: which request was the one before, and how long it was held from device to device.
 */
export const probe = { number: 0, heldNs: 4, before: 12, beforeHeldNs: 16, bytes: 24 } as const;
/** For `before`: there was none, or the kernel did not say. */
export const noNumber = 2 ** 32 - 1;

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
    if (!holds[kind].test(given.get(name))) {
      const wanted = holds[kind].words;
      throw new FairwayError("decode", `traffic "${value.role}": ${name} must be ${wanted}`);
    }
  }
  return value as TrafficSpec;
}
