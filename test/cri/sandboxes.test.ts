/** The client against a server of HTTP/2 that answers as a runtime does, and as none should. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createNetServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listAnnotations, listSandboxes, socketPath } from "../../src/cri/sandboxes.ts";
import { FairwayError } from "../../src/errors.ts";
import { counted, frame, listResponse, number } from "../support/cri.ts";

type Answer = (stream: ServerHttp2Stream, path: string) => void;

const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
const open: (Http2Server | Server)[] = [];
let made = 0;

async function listen(server: Http2Server | Server): Promise<string> {
  const path = join(folder, `${made++}.sock`);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

async function served(answer: Answer): Promise<string> {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) =>
    answer(stream, String(headers[":path"])),
  );
  return await listen(server);
}

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const headers = { ":status": 200, "content-type": "application/grpc" };

/** A message, in pieces of a size, and the trailers. */
const answering =
  (message: Uint8Array, pieceBytes = Number.POSITIVE_INFINITY, status = "0"): Answer =>
  (stream) => {
    stream.respond(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
    const bytes = frame(message);
    for (let at = 0; at < bytes.length; at += pieceBytes)
      stream.write(bytes.subarray(at, at + pieceBytes));
    stream.end();
  };

const error = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => "no error",
    (thrown) => thrown,
  );

describe("a list", () => {
  const many = Array.from({ length: 5000 }, (_, n) => `sandbox-${n}-${"0".repeat(40)}`);
  test.each([
    ["of none", [], Number.POSITIVE_INFINITY],
    ["of two", ["one", "two"], Number.POSITIVE_INFINITY],
    ["in small pieces", ["one", "two"], 3],
    ["larger than a window of HTTP/2", many, 10_000],
  ])("%s", async (_, ids, pieceBytes) => {
    let asked = "";
    const path = await served((stream, method) => {
      asked = method;
      answering(listResponse(ids), pieceBytes)(stream, method);
    });
    expect(await listSandboxes(`unix://${path}`)).toEqual(ids);
    expect(asked).toBe("/runtime.v1.RuntimeService/ListPodSandbox");
  });
});

describe("an answer that is none", () => {
  const rows: [string, Answer, string, string][] = [
    [
      "an error of the runtime's, in headers alone",
      (stream) => {
        stream.respond(
          { ...headers, "grpc-status": "14", "grpc-message": "not yet, %C3%BCben" },
          { endStream: true },
        );
      },
      "io",
      "gRPC status 14, not yet, üben",
    ],
    [
      "a runtime without this interface",
      answering(new Uint8Array(), 10, "12"),
      "io",
      "does not know /runtime.v1",
    ],
    [
      "a web server",
      (stream) => {
        stream.respond({ ":status": 404 }, { endStream: true });
      },
      "io",
      "HTTP status code 404",
    ],
    [
      "garbage",
      answering(Uint8Array.of(0xff, 0xff)),
      "decode",
      "no runtime.v1.ListPodSandboxResponse",
    ],
    ["a sandbox without an id", answering(counted(1, number(3, 0))), "decode", "without an id"],
    [
      "a stream that is broken off",
      (stream) => {
        stream.respond(headers);
        stream.close(8);
      },
      "io",
      "gave no answer",
    ],
  ];
  test.each(rows)("%s", async (_, answer, kind, says) => {
    const thrown = await error(listSandboxes(await served(answer)));
    expect(thrown).toBeInstanceOf(FairwayError);
    expect(thrown).toMatchObject({ kind, message: expect.stringContaining(says) });
  });

  test("nothing listens", async () => {
    const path = join(folder, "nobody.sock");
    expect(await error(listSandboxes(path))).toMatchObject({
      kind: "io",
      message: expect.stringContaining(path),
    });
  });

  test("nobody answers", async () => {
    const path = await served(() => {});
    expect(await error(listSandboxes(path, 50))).toMatchObject({
      kind: "io",
      message: expect.stringContaining("none within 0.05 s"),
    });
  });

  test("what listens speaks no HTTP/2", async () => {
    const path = await listen(createNetServer((socket) => socket.end("HTTP/1.1 400 Bad\r\n\r\n")));
    expect(await error(listSandboxes(path))).toMatchObject({ kind: "io" });
  });
});

test.each(["http://localhost:1", "unix://relative.sock", "", "containerd.sock"])(
  "%p is no address of a socket",
  (endpoint) => {
    expect(() => socketPath(endpoint)).toThrow("--cri");
  },
);

test("fields of other kinds and numbers are passed over", async () => {
  const sandbox = [
    ...number(4, 1_700_000_000_000_000_000),
    ...counted(2, counted(1, new TextEncoder().encode("name"))),
    ...counted(1, new TextEncoder().encode("id")),
    ...number(3, 1),
    // Fixed 64 and 32 bits, of fields that a later version may have.
    ...[0x71, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[0x7d, 1, 2, 3, 4],
  ];
  const list = [...counted(1, Uint8Array.from(sandbox)), ...number(7, 1)];
  const path = await served(answering(Uint8Array.from(list)));
  expect(await listAnnotations(path)).toEqual(new Map([["id", {}]]));
});

test("the annotations of each sandbox, an empty value among them", async () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const sandbox = Buffer.concat([
    counted(1, text("id")),
    counted(6, Buffer.concat([counted(1, text("a")), counted(2, text("b"))])),
    counted(6, counted(1, text("empty"))),
  ]);
  const path = await served(answering(counted(1, sandbox)));
  expect(await listAnnotations(path)).toEqual(new Map([["id", { a: "b", empty: "" }]]));
});
