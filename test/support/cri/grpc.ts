/** Unary calls of gRPC over a Unix socket: a POST of one framed message, and the status in the trailers. */
import { type ClientHttp2Session, connect } from "node:http2";
import { createConnection } from "node:net";

/** What a server answered instead of a message. */
export class GrpcError extends Error {
  constructor(
    readonly method: string,
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = "GrpcError";
  }
}

export interface GrpcClient {
  /** The server is told the limit, and is the one that ends a call which exceeds it. */
  call(method: string, request: Uint8Array, limitMs?: number): Promise<Uint8Array>;
  close(): void;
}

/** A runtime that hangs is a failure, not a wait: kubelet gives RunPodSandbox four minutes. */
const defaultLimitMs = 45_000;
/** How much longer a server may take to say that the limit has passed. */
const graceMs = 5_000;
/** A flag for compression, and the length in four bytes. */
const prefixBytes = 5;

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function callOn(
  session: ClientHttp2Session,
  method: string,
  request: Uint8Array,
  limitMs: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${limitMs}m`,
    });
    const chunks: Buffer[] = [];
    let [code, message] = [NaN, ""];
    const readStatus = (headers: Record<string, unknown>): void => {
      if (headers["grpc-status"] === undefined) return;
      code = Number(headers["grpc-status"]);
      message = decodeURIComponent(String(headers["grpc-message"] ?? ""));
    };
    const timer = setTimeout(() => {
      stream.close();
      reject(new GrpcError(method, 4, `no answer within ${limitMs + graceMs} ms`));
    }, limitMs + graceMs);
    stream.on("response", readStatus);
    stream.on("trailers", readStatus);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    stream.on("close", () => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(chunks).subarray(prefixBytes));
      else reject(new GrpcError(method, code, message || "the stream ended without a status"));
    });
    stream.end(framed(request));
  });
}

/** Connects with the first call, and again after the server went away. */
export function grpcClient(socketPath: string): GrpcClient {
  let session: ClientHttp2Session | null = null;
  const connected = (): ClientHttp2Session => {
    if (session !== null && !session.closed && !session.destroyed) return session;
    const made = connect("http://localhost", {
      createConnection: () => createConnection(socketPath),
    });
    // A call's own promise tells; without a listener the process would end.
    made.on("error", () => {});
    session = made;
    return made;
  };
  return {
    call: (method, request, limitMs = defaultLimitMs) =>
      callOn(connected(), method, request, limitMs),
    close: () => session?.destroy(),
  };
}
