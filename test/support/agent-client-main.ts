/**
 * Asks an agent as a launcher does: all calls of stdin at once, or one after the other, each on a connection
 * of its own. Prints what came of each. It runs in the node's network namespace.
 *   bun test/support/agent-client-main.ts SOCKET together|apart < CALLS
 */
import type { Call, Came } from "./agent.ts";

const [path = "", manner = ""] = process.argv.slice(2);

function bodyOf({ env, stdin, as = "fairway" }: Call): Uint8Array {
  const entries = [...Object.entries(env), ["FAIRWAY_AS", as]];
  const text = entries.map(([key, value]) => `${key}=${value}\0`).join("");
  return Buffer.from(`${text}\0${stdin}`);
}

function cameOf(bytes: Buffer): Came {
  const [queued, accepted] = ["100 Continue", "102 Processing"].map(
    (status) => `HTTP/1.1 ${status}\r\n\r\n`,
  ) as [string, string];
  const text = bytes.toString("latin1");
  const from = text.startsWith(queued) ? queued.length : 0;
  const isAccepted = text.startsWith(accepted, from);
  const answer = bytes.subarray(from + (isAccepted ? accepted.length : 0));
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return { state: "broken", isAccepted, text };
  const [first = "", ...lines] = answer.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 2)];
    }),
  );
  const body = answer.subarray(end + 4);
  const status = Number(first.split(" ")[1]);
  if (body.length !== Number(headers.get("content-length")))
    return { state: "broken", isAccepted, text };
  const why = headers.get("fairway-declined");
  if (status === 503 && why !== undefined) return { state: "declined", isAccepted, why };
  if (status !== 200) return { state: "refused", isAccepted, status, text: body.toString() };
  const stdoutBytes = Number(headers.get("fairway-stdout"));
  return {
    state: "ended",
    isAccepted,
    code: Number(headers.get("fairway-exit")),
    stdout: body.subarray(0, stdoutBytes).toString(),
    stderr: body.subarray(stdoutBytes).toString(),
  };
}

function ask(call: Call): Promise<Came> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = () => resolve(cameOf(Buffer.concat(chunks)));
    const body = bodyOf(call);
    const head = [
      "POST /v1/verb HTTP/1.1",
      "Host: agent",
      "Fairway-Protocol: 1",
      "Content-Type: application/octet-stream",
      `Content-Length: ${body.length}`,
    ];
    const request = Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
    Bun.connect({
      unix: path,
      socket: {
        open: (socket) => void socket.write(request),
        data: (_, chunk) => void chunks.push(Buffer.from(chunk)),
        close: done,
        error: done,
      },
    }).catch(() => resolve({ state: "nobody", isAccepted: false }));
  });
}

/** On a machine with other work the agent may be too late for its asker. */
const tooLate = /took too long/;

async function askUntilTaken(call: Call): Promise<Came> {
  for (;;) {
    const came = await ask(call);
    if (came.state !== "declined" || !tooLate.test(came.why)) return came;
  }
}

const calls = JSON.parse(await Bun.stdin.text()) as Call[];
const came: Came[] = [];
if (manner === "together") came.push(...(await Promise.all(calls.map(ask))));
else for (const call of calls) came.push(await askUntilTaken(call));
process.stdout.write(JSON.stringify(came));
