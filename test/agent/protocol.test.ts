/** What is read from a connection, however its bytes are cut; nothing that is no request gets through. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { askedBy, limits, type Read, RequestReader } from "../../src/agent/protocol.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

function read(...chunks: (string | Uint8Array)[]): Read {
  const reader = new RequestReader();
  let last: Read = { state: "more" };
  for (const chunk of chunks) {
    last = reader.push(typeof chunk === "string" ? bytes(chunk) : chunk);
    if (last.state !== "more") break;
  }
  return last;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: agent\r\n\r\n`;
const post = (headers: string, body = ""): string =>
  `POST /v1/verb HTTP/1.1\r\nHost: agent\r\n${headers}\r\n${body}`;

describe("a request", () => {
  test("with a body is read whole", () => {
    const found = read(post("Fairway-Protocol: 1\r\nContent-Length: 5\r\n", "a\0b\xff\n"));
    expect(found).toEqual({
      state: "whole",
      request: {
        method: "POST",
        path: "/v1/verb",
        headers: new Map([
          ["host", "agent"],
          ["fairway-protocol", "1"],
          ["content-length", "5"],
        ]),
        body: new Uint8Array([0x61, 0, 0x62, 0xff, 0x0a]),
      },
    });
  });

  test("without a body ends with its header", () => {
    expect(read(get("/healthz"))).toMatchObject({ state: "whole", request: { path: "/healthz" } });
  });

  test("is the same wherever its bytes are cut", () => {
    const text = post("Fairway-Protocol: 1\r\nContent-Length: 12\r\n", "K=V\0\0{\r\n\r\n}x");
    const whole = read(text);
    expect(whole.state).toBe("whole");
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        const ends = [...new Set([...cuts, text.length])].sort((a, b) => a - b);
        const chunks = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
        expect(read(...chunks)).toEqual(whole);
      }),
    );
  });

  test("keeps the bytes that it was given when the buffer is used again", () => {
    const buffer = bytes(post("Content-Length: 4\r\n", "ab"));
    const reader = new RequestReader();
    expect(reader.push(buffer)).toEqual({ state: "more" });
    buffer.fill(0);
    expect(reader.push(bytes("cd"))).toMatchObject({
      request: { body: new Uint8Array(bytes("abcd")) },
    });
  });

  test("of the largest size is taken", () => {
    const body = new Uint8Array(limits.bodyBytes).fill(0x20);
    const found = read(post(`Content-Length: ${body.length}\r\n`), body);
    expect(found).toMatchObject({ state: "whole" });
    expect(found.state === "whole" && found.request.body.length).toBe(limits.bodyBytes);
  });
});

const tooLong = "x".repeat(limits.headBytes);
const refusedRows: [title: string, text: string, status: number, says: RegExp][] = [
  ["no HTTP", "hello\r\n\r\n", 400, /does not begin as HTTP\/1\.1 does/],
  ["another version of HTTP", "GET /healthz HTTP/1.0\r\n\r\n", 400, /HTTP\/1\.1/],
  ["an address in place of a path", "GET http://agent/ HTTP/1.1\r\n\r\n", 400, /HTTP\/1\.1/],
  ["a method in small letters", "get / HTTP/1.1\r\n\r\n", 400, /HTTP\/1\.1/],
  ["bytes of anything", "\x16\x03\x01\x02\x00\r\n\r\n", 400, /HTTP\/1\.1/],
  ["a header without a name", post(": 1\r\nContent-Length: 0\r\n"), 400, /is no header/],
  ["a folded header", post("A: 1\r\n b\r\nContent-Length: 0\r\n"), 400, /is no header/],
  ["a control character", post("A: 1\x01\r\nContent-Length: 0\r\n"), 400, /is no header/],
  ["a header twice", post("a: 1\r\nA: 2\r\nContent-Length: 0\r\n"), 400, /header a is given twice/],
  ["a POST without a length", post(""), 411, /needs a Content-Length/],
  ["a body in chunks", post("Transfer-Encoding: chunked\r\n"), 411, /Transfer-Encoding/],
  ["a length that is no number", post("Content-Length: 0x10\r\n"), 400, /"0x10".*no number/],
  ["a length below zero", post("Content-Length: -1\r\n"), 400, /no number/],
  ["a length beyond all numbers", post(`Content-Length: ${"9".repeat(30)}\r\n`), 400, /no number/],
  [
    "a body that is too large",
    post(`Content-Length: ${limits.bodyBytes + 1}\r\n`),
    413,
    new RegExp(`${limits.bodyBytes + 1} bytes, and ${limits.bodyBytes} is the most`),
  ],
  ["more than the body", post("Content-Length: 1\r\n", "ab"), 400, /bytes after the request/],
  ["a second request", `${get("/healthz")}${get("/healthz")}`, 400, /bytes after the request/],
  ["a header without an end", post(`A: ${tooLong}`), 431, /no end within 8192 bytes/],
];

test.each(refusedRows)("%s is refused", (_, text, status, says) => {
  const found = read(text);
  expect(found).toMatchObject({ state: "refused", refusal: { status } });
  expect(found.state === "refused" && found.refusal.reason).toMatch(says);
});

test("a header without an end is refused as soon as it is too long, however it comes", () => {
  const reader = new RequestReader();
  let sent = 0;
  let last: Read = { state: "more" };
  for (; last.state === "more" && sent < 10 * limits.headBytes; sent += 100)
    last = reader.push(bytes("x".repeat(100)));
  expect(last).toMatchObject({ state: "refused", refusal: { status: 431 } });
  expect(sent).toBeLessThanOrEqual(limits.headBytes + 200);
});

test("nothing at all makes the reader throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
      expect(["more", "whole", "refused"]).toContain(read(...chunks).state);
    }),
  );
});

const askedRows: [
  title: string,
  method: string,
  path: string,
  protocol: string | null,
  asked: unknown,
][] = [
  ["health", "GET", "/healthz", null, "health"],
  ["readiness", "GET", "/readyz", null, "readiness"],
  ["version", "GET", "/version", null, "version"],
  ["a verb", "POST", "/v1/verb", "1", "verb"],
  ["a verb without a protocol", "POST", "/v1/verb", null, { status: 426 }],
  ["a verb of a later protocol", "POST", "/v1/verb", "2", { status: 426 }],
  ["a verb of no protocol", "POST", "/v1/verb", "", { status: 426 }],
  ["a verb that is read", "GET", "/v1/verb", "1", { status: 405 }],
  ["health that is written", "POST", "/healthz", null, { status: 405 }],
  ["another path", "GET", "/", null, { status: 404 }],
  ["a path with a query", "GET", "/healthz?x", null, { status: 404 }],
  ["a property of every object", "GET", "/constructor", null, { status: 404 }],
];

test.each(askedRows)("%s", (_, method, path, protocol, asked) => {
  const headers = new Map(protocol === null ? [] : [["fairway-protocol", protocol]]);
  const found = askedBy({ method, path, headers, body: new Uint8Array() });
  if (typeof asked === "string") expect(String(found)).toBe(asked);
  else expect(found).toMatchObject(asked as Record<string, unknown>);
});

test("who speaks another protocol is told which one is spoken here", () => {
  const headers = new Map([["fairway-protocol", "7"]]);
  expect(
    askedBy({ method: "POST", path: "/v1/verb", headers, body: new Uint8Array() }),
  ).toMatchObject({ reason: expect.stringMatching(/protocol "7".*speaks 1/) });
});
