/** The launcher's counterpart: what it does with a connection is a script. */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

export interface Script {
  /** A connection has come. */
  opened?: (socket: Socket) => void;
  /** All of a request has come. */
  asked?: (socket: Socket) => void;
}

export interface ScriptedAgent {
  /** What came on each connection. */
  requests: Buffer[];
  stop: () => Promise<void>;
}

/** The length of the whole request, as far as its head says it. */
function lengthOf(request: Buffer): number {
  const end = request.indexOf("\r\n\r\n");
  if (end < 0) return Number.POSITIVE_INFINITY;
  const [, length] = /^content-length: (\d+)$/im.exec(request.toString("latin1", 0, end)) ?? [];
  return end + 4 + Number(length);
}

export async function listen(path: string, script: Script): Promise<ScriptedAgent> {
  const requests: Buffer[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const index = requests.push(Buffer.alloc(0)) - 1;
    let answered = false;
    open.add(socket);
    // A launcher that gives up is not a failure of the test.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      const request = Buffer.concat([requests[index] ?? Buffer.alloc(0), chunk]);
      requests[index] = request;
      if (answered || request.length < lengthOf(request)) return;
      answered = true;
      script.asked?.(socket);
    });
    script.opened?.(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    requests,
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
}

export const queued = "HTTP/1.1 100 Continue\r\n\r\n";
export const accepted = "HTTP/1.1 102 Processing\r\n\r\n";
export const declined =
  "HTTP/1.1 503 Service Unavailable\r\nFairway-Declined: busy\r\nContent-Length: 0\r\n\r\n";

interface Final {
  exit?: number | string;
  stdout?: Uint8Array | string;
  stderr?: Uint8Array | string;
}

/** The final answer of an agent that works. */
export function final({ exit = 0, stdout = "", stderr = "" }: Final = {}): Buffer {
  const [out, err] = [Buffer.from(stdout), Buffer.from(stderr)];
  const head = [
    "HTTP/1.1 200 OK",
    `Fairway-Exit: ${exit}`,
    `Fairway-Stdout: ${out.length}`,
    `Content-Length: ${out.length + err.length}`,
    "Date: Mon, 01 Jan 2024 00:00:00 GMT",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), out, err]);
}

export const says = (...parts: (string | Uint8Array)[]): Script => ({
  asked: (socket) => {
    for (const part of parts) socket.write(part);
  },
});

/** Says it and closes the connection. */
export const saysAndCloses = (...parts: (string | Uint8Array)[]): Script => ({
  asked: (socket) => socket.end(Buffer.concat(parts.map((part) => Buffer.from(part)))),
});

/** Each byte on its own: the next is written once the kernel has the one before. */
export const dribbles = (bytes: Uint8Array): Script => ({
  asked: (socket) => {
    const next = (at: number): void => {
      if (at >= bytes.length || socket.destroyed) return;
      socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(0);
  },
});
