/** Makes one unary gRPC call over a Unix socket (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
import { type ClientHttp2Stream, connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { FairwayError, messageOf } from "../errors.ts";

/**
 * The length of gRPC's frame in front of a message. The frame says whether that is compressed, and how long
 * it is.
 */
const prefixBytes = 5;

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants;

export interface Call {
  /** The socket's path. */
  socket: string;
  /** Such as "/package.Service/Method". */
  method: string;
  /** The encoded request. */
  message: Uint8Array;
  timeLimitMs: number;
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(prefixBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

const noAnswer = (socket: string, why: string, cause?: unknown): FairwayError =>
  new FairwayError(
    "io",
    `the container runtime at ${socket} gave no answer: ${why}`,
    "give --cri the runtime's socket, such as unix:///run/containerd/containerd.sock, and run as root",
    { cause },
  );

interface Answer {
  httpStatus: string;
  /** It is from the trailers, or from the only headers of an answer without a message. */
  grpcStatus: string | null;
  grpcMessage: string;
  body: Buffer;
}

/** Decodes percent-encoded text; text that a server did not encode is returned as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function collect(stream: ClientHttp2Stream): Promise<Answer> {
  const answer: Answer = {
    httpStatus: "",
    grpcStatus: null,
    grpcMessage: "",
    body: Buffer.alloc(0),
  };
  const chunks: Buffer[] = [];
  const take = (headers: Record<string, unknown>): void => {
    if (headers[HTTP2_HEADER_STATUS] !== undefined)
      answer.httpStatus = String(headers[HTTP2_HEADER_STATUS]);
    if (headers["grpc-status"] === undefined) return;
    answer.grpcStatus = String(headers["grpc-status"]);
    answer.grpcMessage = decoded(String(headers["grpc-message"] ?? ""));
  };
  return new Promise((resolve, reject) => {
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    stream.on("close", () => reject(new Error("the stream was closed")));
  });
}

/** These are GRPC_STATUS_OK and GRPC_STATUS_UNIMPLEMENTED (grpc/doc/statuscodes.md). */
const statusOk = "0";
const statusUnimplemented = "12";

function messageIn({ socket, method }: Call, answer: Answer): Uint8Array {
  const { httpStatus, grpcStatus, grpcMessage, body } = answer;
  if (httpStatus !== "200") throw noAnswer(socket, `HTTP status ${httpStatus || "none"}`);
  if (grpcStatus === statusUnimplemented)
    throw new FairwayError(
      "io",
      `what listens at ${socket} does not know ${method}: ${grpcMessage}`,
      "it is no container runtime, or one without the interface runtime.v1 (containerd has it from 1.6 on)",
    );
  if (grpcStatus !== statusOk)
    throw noAnswer(socket, `gRPC status ${grpcStatus ?? "none"}, ${grpcMessage || "no message"}`);
  if (body.length < prefixBytes || body.length < prefixBytes + body.readUInt32BE(1))
    throw noAnswer(socket, "its message is cut off");
  if (body[0] !== 0) throw noAnswer(socket, "its message is compressed, which was not asked for");
  return body.subarray(prefixBytes, prefixBytes + body.readUInt32BE(1));
}

/** Returns the encoded answer. Throws io. */
export async function unary(call: Call): Promise<Uint8Array> {
  const { socket, method, message, timeLimitMs } = call;
  const failed = Promise.withResolvers<never>();
  // What fails once there is an answer concerns nobody.
  failed.promise.catch(() => {});
  const session = connectHttp2("http://localhost", { createConnection: () => connect(socket) });
  const timer = setTimeout(
    () => failed.reject(new Error(`none within ${timeLimitMs / 1000} s`)),
    timeLimitMs,
  );
  try {
    session.on("error", failed.reject);
    const stream = session.request({
      [HTTP2_HEADER_METHOD]: "POST",
      [HTTP2_HEADER_PATH]: method,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const answer = collect(stream);
    stream.end(framed(message));
    return messageIn(call, await Promise.race([answer, failed.promise]));
  } catch (error) {
    throw error instanceof FairwayError ? error : noAnswer(socket, messageOf(error), error);
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}
