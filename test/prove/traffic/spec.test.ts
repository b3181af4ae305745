import { describe, expect, test } from "bun:test";
import { parseSpec } from "../../../src/prove/traffic/spec.ts";

const sink = { role: "tcp-sink", port: 5001, forMs: 1000, everyMs: 50 };

const source = {
  role: "udp-source",
  from: [{ netns: "", host: "198.18.0.2", port: 6100 }],
  rateBits: 1000,
  payloadBytes: 100,
  segments: 1,
  turnMs: 1,
  onMs: 0,
  offMs: 0,
  forMs: 1000,
};

test("a rate without pauses is taken, too", () =>
  expect(parseSpec(JSON.stringify(source))).toMatchObject(source));

test("a whole description is taken as it is", () => {
  expect(parseSpec(JSON.stringify(sink))).toEqual({ ...sink, role: "tcp-sink" });
});

describe("what is refused", () => {
  test.each([
    ["no JSON", "{", /not JSON/],
    ["no object", "5", /names no role/],
    ["no role", "{}", /names no role/],
    ["an unknown role", '{"role":"quic"}', /no traffic role "quic"/],
    [
      "a missing field",
      JSON.stringify({ ...sink, port: undefined }),
      /tcp-sink.*port must be a whole number/,
    ],
    [
      "a field of another kind",
      JSON.stringify({ ...sink, forMs: "5" }),
      /forMs must be a whole number/,
    ],
    ["zero", JSON.stringify({ ...sink, everyMs: 0 }), /everyMs must be a whole number above zero/],
    ["a fraction", JSON.stringify({ ...sink, forMs: 0.5 }), /forMs must be/],
    [
      "no ends",
      JSON.stringify({ role: "udp-sink", at: [], forMs: 1, everyMs: 1 }),
      /udp-sink.*at must be a list of ends/,
    ],
    [
      "an end without a port",
      JSON.stringify({ role: "udp-sink", at: [{ netns: "", host: "" }], forMs: 1, everyMs: 1 }),
      /at must be a list of ends, each with netns, host and port/,
    ],
    [
      "a pause below zero",
      JSON.stringify({ ...source, offMs: -1 }),
      /udp-source.*offMs must be a whole number/,
    ],
    [
      "a number for a host",
      JSON.stringify({ role: "tcp-source", host: 1, port: 1, flows: 1, forMs: 1 }),
      /host must be a string/,
    ],
  ] as const)("%s", (_title, text, wanted) => expect(() => parseSpec(text)).toThrow(wanted));
});
