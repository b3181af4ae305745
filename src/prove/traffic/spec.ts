import { FairwayError } from "../../errors.ts";
import { parsedJson } from "../../ops/read.ts";
import type { Family } from "../../plan/ip.ts";

/** One end of a datagram's way: a namespace's path ("" is the generator's own), an address, and a port. */
export interface Endpoint {
  netns: string;
  host: string;
  port: number;
}

/** Says where a server listens, where that is not 0.0.0.0; "::" is IPv6. */
interface Listening {
  port: number;
  listen?: string;
}

/**
 * Says what one generator does. `forMs` bounds every one of them, whatever becomes of the process that
 * started it.
 */
export type TrafficSpec =
  | ({ role: "tcp-sink"; forMs: number; everyMs: number } & Listening)
  | { role: "tcp-source"; host: string; port: number; flows: number; forMs: number }
  /** This is the other way to open a connection: whoever listens gives, and whoever connects takes. */
  | ({ role: "tcp-give"; forMs: number } & Listening)
  | {
      role: "tcp-take";
      host: string;
      port: number;
      flows: number;
      forMs: number;
      everyMs: number;
    }
  /** One process serves many pods: it opens each socket in that pod's namespace. */
  | {
      role: "udp-source";
      /** The senders' namespaces, each with where it sends to. */
      from: Endpoint[];
      /** Bits of payload per second of each sender, in the mean over the time that it is on. */
      rateBits: number;
      payloadBytes: number;
      /**
       * How many datagrams the kernel is given in one piece (UDP_SEGMENT): few for a paced flow, several for
       * a flood.
       */
      segments: number;
      /**
       * How often the sender sends all that its rate has earned it: with 1 it is paced, with 20 it sends
       * bursts.
       */
      turnMs: number;
      /** It sends for the one time and is silent for the other. Where both are 0 it is always on. */
      onMs: number;
      offMs: number;
      forMs: number;
    }
  /**
   * At each end of `at` it takes what comes to the port in that namespace. Only the family of the host counts
   * ("" is IPv4).
   */
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
 * Holds when a request was sent, and its round trip twice, in microseconds. The first is the time in the
 * network, from the moment that it left the sender's device until the answer was there, without the time from
 * device to device that the other end held it. The second is as the processes see it, with everybody's waits
 * for a processor.
 */
export type RoundTrip = [atMs: number, us: number, seenUs: number];

/**
 * A report is one line of JSON on standard output. Times are milliseconds since the epoch, with fractions.
 */
export type TrafficReport =
  /** Now the server listens, the source's flows are connected, or the prober's socket is open. */
  | { type: "ready" }
  /** Bytes of payload received since the start. `of` says by which end, where a sink has several. */
  | { type: "count"; of?: number; atMs: number; bytes: number }
  /** Bytes of payload sent since the start, by all ends of a source. */
  | { type: "sent"; atMs: number; bytes: number }
  /** A source with pauses sends again. */
  | { type: "resumed"; atMs: number }
  /** Requests that were answered. */
  | { type: "round-trips"; trips: RoundTrip[] }
  /**
   * The prober's last line: how many were due, how many were sent in time, and when each unanswered one was
   * sent.
   */
  | { type: "probed"; due: number; sent: number; lostAtMs: number[] }
  | { type: "failed"; msg: string };

/** A field of kind "count" may be zero, one of kind "number" may not. */
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

/** The address at which one listens to all addresses of a family. */
export const anyAddress: Record<Family, string> = { 4: "0.0.0.0", 6: "::" };

/**
 * Says how a request and its answer begin. First comes its number, then for how many nanoseconds the other
 * end's processes held it (a double), from its arrival at their device until they handed the answer over.
 * When that answer left the device is known only afterwards, so the next answer to the same sender tells it:
 * which request was the one before, and how long it was held from device to device.
 */
export const probe = { number: 0, heldNs: 4, before: 12, beforeHeldNs: 16, bytes: 24 } as const;
/** As `before` this means that there was none, or that the kernel did not say. */
export const noNumber = 2 ** 32 - 1;

/** @throws FairwayError decode, naming the field that is missing or of the wrong kind. */
export function parseSpec(text: string): TrafficSpec {
  const value = parsedJson(text, "the traffic's description");
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
