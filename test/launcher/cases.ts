/** What an agent does with a verb, and what comes of it. */
import {
  accepted,
  declined,
  dribbles,
  final,
  queued,
  type Script,
  says,
  saysAndCloses,
} from "./agent.ts";
import type { Build } from "./rig.ts";

export interface Case {
  title: string;
  agent: Script;
  build?: Build;
  verb?: string;
  expected:
    | { by: "full"; reason: string }
    | { by: "agent"; exit?: number; stdout?: Uint8Array | string; stderr?: string }
    /** An ADD that was begun, and nobody knows how far. */
    | { by: "error"; message: string };
}

const repeated = ["DEL", "CHECK", "GC", "STATUS", "VERSION"];
const allBytes = Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7 + (n >> 8)) & 255));
const most = Buffer.alloc(4 * 1024 * 1024, "x");
const full = (reason: string) => ({ by: "full", reason }) as const;

const beforeItBegan: Case[] = [
  {
    title: "accepts the connection and is silent",
    agent: {},
    build: "shipped",
    expected: full("timeout"),
  },
  {
    title: "says the beginning of a word and no more",
    agent: says("HTTP/1.1 102 Proc"),
    build: "shipped",
    expected: full("timeout"),
  },
  { title: "declines", agent: says(declined), expected: full("declined") },
  {
    title: "declines before it has read the request",
    agent: { opened: (socket) => socket.end(declined) },
    expected: full("declined"),
  },
  {
    title: "speaks another version of the protocol",
    agent: says("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"),
    expected: full("version"),
  },
  ...[
    "400 Bad Request",
    "404 Not Found",
    "500 Internal Server Error",
    "503 Service Unavailable",
  ].map(
    (status): Case => ({
      title: `answers ${status}`,
      agent: says(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`),
      expected: full("declined"),
    }),
  ),
  {
    title: "gives an answer without having accepted",
    agent: says(final({ stdout: "{}" })),
    expected: full("declined"),
  },
  {
    title: "speaks another language",
    agent: says("SSH-2.0-OpenSSH_9.2\r\n"),
    expected: full("broken"),
  },
  {
    title: "speaks HTTP/1.0",
    agent: says("HTTP/1.0 102 Processing\r\n\r\n"),
    expected: full("broken"),
  },
  { title: "says zeros", agent: says(Buffer.alloc(64)), expected: full("broken") },
  {
    title: "closes the connection at once",
    agent: { opened: (socket) => socket.destroy() },
    expected: full("broken"),
  },
  { title: "closes the connection when asked", agent: saysAndCloses(), expected: full("broken") },
  {
    title: "is cut off within its first line",
    agent: saysAndCloses("HTTP/1.1 102 Pro"),
    expected: full("broken"),
  },
  {
    title: "has a head without an end",
    agent: says(`HTTP/1.1 102 Processing\r\nA: ${"a".repeat(20_000)}`),
    expected: full("broken"),
  },
  {
    title: "says that the verb waits, and is silent",
    agent: says(queued),
    build: "hasty",
    expected: full("timeout"),
  },
  {
    title: "says that the verb waits, and dies",
    agent: saysAndCloses(queued),
    expected: full("broken"),
  },
  {
    title: "says that the verb waits, and declines",
    agent: says(queued, declined),
    expected: full("declined"),
  },
  {
    title: "says twice that the verb waits",
    agent: says(queued, queued),
    expected: full("broken"),
  },
  {
    title: "declines after it accepted",
    agent: says(accepted, declined),
    expected: full("declined"),
  },
];

const answers: Case[] = [
  ...[0, 1, 255].map(
    (exit): Case => ({
      title: `ends with ${exit}`,
      agent: says(accepted, final({ exit, stdout: "{}" })),
      expected: { by: "agent", exit, stdout: "{}" },
    }),
  ),
  {
    title: "answers with nothing",
    agent: says(accepted, final()),
    expected: { by: "agent" },
  },
  {
    title: "answers with every byte there is",
    agent: says(accepted, final({ stdout: allBytes })),
    expected: { by: "agent", stdout: allBytes },
  },
  {
    title: "has words for stderr",
    agent: says(accepted, final({ stdout: "{}\n", stderr: "a line of the log\n" })),
    expected: { by: "agent", stdout: "{}\n", stderr: "a line of the log\n" },
  },
  {
    title: "has words for stderr alone",
    agent: says(accepted, final({ exit: 1, stderr: "a line of the log\n" })),
    expected: { by: "agent", exit: 1, stderr: "a line of the log\n" },
  },
  {
    title: "answers with as much as it may",
    agent: says(accepted, final({ stdout: most })),
    expected: { by: "agent", stdout: most },
  },
  {
    title: "says that the verb waits, accepts and answers",
    agent: says(queued, accepted, final({ stdout: "{}" })),
    expected: { by: "agent", stdout: "{}" },
  },
  {
    title: "says all at once, and that the verb waits before it",
    agent: says(Buffer.concat([Buffer.from(queued + accepted), final({ stdout: "{}" })])),
    expected: { by: "agent", stdout: "{}" },
  },
  {
    title: "says each byte on its own, and that the verb waits before it",
    agent: dribbles(Buffer.concat([Buffer.from(queued + accepted), final({ stdout: "{}" })])),
    expected: { by: "agent", stdout: "{}" },
  },
  {
    title: "says all at once",
    agent: says(Buffer.concat([Buffer.from(accepted), final({ stdout: "{}" })])),
    expected: { by: "agent", stdout: "{}" },
  },
  {
    title: "says each byte on its own",
    agent: dribbles(Buffer.concat([Buffer.from(accepted), final({ stdout: "{}", stderr: "log" })])),
    expected: { by: "agent", stdout: "{}", stderr: "log" },
  },
  {
    title: "closes the connection after its answer",
    agent: saysAndCloses(accepted, final({ stdout: "{}" })),
    expected: { by: "agent", stdout: "{}" },
  },
  {
    title: "answers twice: the first counts",
    agent: says(accepted, final({ stdout: "first" }), final({ exit: 1, stdout: "second" })),
    expected: { by: "agent", stdout: "first" },
  },
  {
    title: "writes the names of its headers in other letters",
    agent: says(
      accepted,
      "HTTP/1.1 200 OK\r\nFAIRWAY-EXIT:3\r\nfairway-stdout: \t2 \r\ncontent-LENGTH: 2\r\n\r\n{}",
    ),
    expected: { by: "agent", exit: 3, stdout: "{}" },
  },
];

const head = (...lines: string[]): string =>
  `${["HTTP/1.1 200 OK", ...lines].join("\r\n")}\r\n\r\n`;

/** What an agent says after it accepted, and which is no answer. */
const noAnswers: Record<string, string | Uint8Array> = {
  "has no exit code": head("Fairway-Stdout: 0", "Content-Length: 0"),
  "does not say what goes to stdout": head("Fairway-Exit: 0", "Content-Length: 0"),
  "does not say its length": head("Fairway-Exit: 0", "Fairway-Stdout: 0"),
  "says its length twice": head(
    ...["Fairway-Exit: 0", "Fairway-Stdout: 0", "Content-Length: 0", "Content-Length: 0"],
  ),
  "has an exit code that is none": final({ exit: 256 }),
  "has an exit code below zero": final({ exit: -1 }),
  "has an exit code in words": final({ exit: "one" }),
  "has more for stdout than its length": head(
    ...["Fairway-Exit: 0", "Fairway-Stdout: 3", "Content-Length: 2"],
  ),
  "is longer than allowed": head(
    ...["Fairway-Exit: 0", "Fairway-Stdout: 0", "Content-Length: 4194305"],
  ),
  "is longer than a number can say": head(
    ...["Fairway-Exit: 0", "Fairway-Stdout: 0", `Content-Length: 1${"0".repeat(40)}`],
  ),
  "comes in chunks": head(
    ...["Fairway-Exit: 0", "Fairway-Stdout: 0", "Content-Length: 0", "Transfer-Encoding: chunked"],
  ),
  "has a head that is too long": head(`A: ${"a".repeat(17_000)}`),
  "has a header without a name": head(": 1"),
  "has a header over two lines": head(
    "Fairway-Exit: 0",
    " 1",
    "Fairway-Stdout: 0",
    "Content-Length: 0",
  ),
  "has lines that end otherwise": "HTTP/1.1 200 OK\nFairway-Exit: 0\n\n\r\n\r\n",
  "has a zero in a header": head(
    "A: \0",
    "Fairway-Exit: 0",
    "Fairway-Stdout: 0",
    "Content-Length: 0",
  ),
  "is a failure": "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
  "declines without a reason": "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
  "accepts once more": accepted,
  "says that it waits": queued,
  "is another language": "panic: out of memory",
};

const connectionEnded = "its connection ended before the answer";
const unreadable = "what it answered cannot be read";
const late = "did not answer it in time";

const afterItBegan: Case[] = [
  ...Object.entries(noAnswers).flatMap(([title, said]): Case[] => [
    {
      title: `accepts, and its answer to ADD ${title}`,
      agent: says(accepted, said),
      expected: { by: "error", message: unreadable },
    },
    {
      title: `accepts, and its answer to DEL ${title}`,
      agent: says(accepted, said),
      verb: "DEL",
      expected: full("broken"),
    },
  ]),
  ...["ADD", ...repeated].flatMap((verb): Case[] => [
    {
      title: `dies after it accepted ${verb}`,
      agent: saysAndCloses(accepted),
      verb,
      expected: verb === "ADD" ? { by: "error", message: connectionEnded } : full("broken"),
    },
    {
      title: `accepts ${verb} and is silent`,
      agent: says(accepted),
      build: "hasty",
      verb,
      expected: verb === "ADD" ? { by: "error", message: late } : full("timeout"),
    },
  ]),
  {
    title: "accepts and does not come to the end of its answer",
    agent: dribbles(
      Buffer.concat([Buffer.from(accepted), final({ stdout: Buffer.alloc(1024 * 1024, "x") })]),
    ),
    build: "hasty",
    expected: { by: "error", message: late },
  },
  {
    title: "dies within the head of its answer",
    agent: saysAndCloses(accepted, final({ stdout: "{}" }).subarray(0, 40)),
    expected: { by: "error", message: connectionEnded },
  },
  {
    title: "dies within the body of its answer",
    agent: saysAndCloses(accepted, final({ stdout: "{}" }).subarray(0, -1)),
    expected: { by: "error", message: connectionEnded },
  },
  {
    title: "dies within the body of its answer to DEL",
    agent: saysAndCloses(accepted, final({ stdout: "{}" }).subarray(0, -1)),
    verb: "DEL",
    expected: full("broken"),
  },
];

export const cases: readonly Case[] = [...beforeItBegan, ...answers, ...afterItBegan];
