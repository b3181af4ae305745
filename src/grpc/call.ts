/** Makes one unary gRPC call over a Unix socket. */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { Method } from "./method.ts";

interface Call<Asked, Answer> {
  /** The socket's path. */
  socket: string;
  method: Method<Asked, Answer>;
  asked: Asked;
  timeLimitMs: number;
}

/** What a server answered in the place of a message, or why there is no answer. */
export class CallError extends Error {
  /** Of gRPC (grpc/doc/statuscodes.md). */
  readonly code: number;

  constructor({ code, details }: ServiceError, timeLimitMs: number) {
    super(code === status.DEADLINE_EXCEEDED ? `none within ${timeLimitMs / 1000} s` : details);
    this.code = code;
  }

  get isUnimplemented(): boolean {
    return this.code === status.UNIMPLEMENTED;
  }
}

/** What the kubelet takes of a runtime (maxMsgSize of k8s.io/cri-client, pkg/utils.go); gRPC's own is a quarter. */
const mostBytes = 16 * 1024 * 1024;

const options = {
  "grpc.max_receive_message_length": mostBytes,
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
};

const same = (bytes: Buffer): Buffer => bytes;

function bytesOf<Asked>(
  client: Client,
  { method, asked, timeLimitMs }: Call<Asked, unknown>,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  client.makeUnaryRequest(
    method.path,
    same,
    same,
    method.asked.encode(asked),
    { deadline: Date.now() + timeLimitMs },
    (error, bytes) => {
      if (error !== null) reject(new CallError(error, timeLimitMs));
      else resolve(bytes ?? Buffer.alloc(0));
    },
  );
  return promise;
}

/** Throws CallError where there is no answer, and decode where it is no message of that type. */
export async function unary<Asked, Answer>(call: Call<Asked, Answer>): Promise<Answer> {
  const client = new Client(`unix:${call.socket}`, credentials.createInsecure(), options);
  try {
    return call.method.answer.decode(await bytesOf(client, call));
  } finally {
    client.close();
  }
}
