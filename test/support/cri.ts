/** A runtime's answer, encoded as it would, and a runtime that gives it. */
import { createServer, type ServerHttp2Stream } from "node:http2";
import { join } from "node:path";

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

export function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

export function counted(field: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length), ...bytes]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** ListPodSandboxResponse: id 1, metadata 2 {name 1}, state 3. */
export function listResponse(ids: string[]): Uint8Array {
  return Buffer.concat(
    ids.map((id) =>
      counted(
        1,
        Buffer.concat([counted(1, text(id)), counted(2, counted(1, text("pod"))), number(3, 1)]),
      ),
    ),
  );
}

/** gRPC's frame. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** While `use` runs, a runtime at a socket in this folder answers each call with this message. */
export async function withRuntime<T>(
  folder: string,
  answer: Uint8Array,
  use: (endpoint: string) => Promise<T>,
): Promise<T> {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(frame(answer));
  });
  const path = join(folder, "cri.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await use(`unix://${path}`);
  } finally {
    server.close();
  }
}
