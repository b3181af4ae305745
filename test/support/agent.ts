/** An agent on a node of a test, and verbs that are asked of it as a launcher asks. */
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, repository } from "./binary.ts";
import {
  type AddOptions,
  type Ended,
  type Pod,
  parsed,
  requestOf,
  type TestNode,
  verbEnvironment,
} from "./node.ts";
import { until } from "./until.ts";

export interface Call {
  env: Record<string, string>;
  stdin: string;
  as?: "fairway" | "fairway-ipam";
}

/** What came of a call. */
export type Came = { isAccepted: boolean } & (
  | { state: "ended"; code: number; stdout: string; stderr: string }
  | { state: "declined"; why: string }
  | { state: "refused"; status: number; text: string }
  /** An answer that is none. */
  | { state: "broken"; text: string }
  | { state: "nobody" }
);

export interface Agent extends AsyncDisposable {
  socket: string;
  pid: number;
  /** All at once, or one after the other and until each is taken in time. From inside the node. */
  ask(calls: Call[], manner?: "together" | "apart"): Promise<Came[]>;
  /** One verb, which must be served. */
  verb(verb: string, pod: Pod, options?: AddOptions): Promise<Ended & { isAccepted: boolean }>;
  /** What `curl` gets of one of the agent's pages. */
  page(path: string): string;
  /** What the agent wrote to its own stderr so far. */
  log(): string;
  /** Its log is whole then. */
  exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** How a program gets into a node's namespace. */
export type Enter = (namespace: string, argv: string[]) => string[];

/** `ip` gives each program mounts of its own, as a container has them. */
const withMountsOfItsOwn: Enter = insideNamespace;

/** As where agent and launcher are both started on the node itself. */
export const withSharedMounts: Enter = (namespace, argv) => [
  "nsenter",
  `--net=/run/netns/${namespace}`,
  ...argv,
];

const client = join(repository, "test/support/agent-client-main.ts");

export const callOf = (node: TestNode, verb: string, pod: Pod, options: AddOptions = {}): Call => ({
  env: verbEnvironment(verb, pod, options),
  stdin: requestOf(node.config, options),
});

async function output(argv: string[], stdin: string): Promise<string> {
  const child = Bun.spawn(argv, {
    stdin: new TextEncoder().encode(stdin),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Starts an agent in the node's namespace, and waits until it serves. */
export async function startAgent(
  node: TestNode,
  {
    enter = withMountsOfItsOwn,
    socket = "",
    env = {},
    options = [],
    program = [binary],
  }: {
    enter?: Enter;
    socket?: string;
    env?: Record<string, string>;
    options?: string[];
    program?: string[];
  } = {},
): Promise<Agent> {
  const folder = socket === "" ? mkdtempSync(join(tmpdir(), "fairway-agent-")) : null;
  const path = folder === null ? socket : join(folder, "agent.sock");
  const argv = [...program, "agent", "--socket", path, "--data-dir", node.dataDir, ...options];
  const child = Bun.spawn(enter(node.lab.node, argv), {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", ...env },
  });
  let log = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
  })();
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
    await reading;
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until("the agent serves", () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${log}`);
      return log.includes("serving verbs") && existsSync(path);
    });
  } catch (error) {
    await end();
    throw error;
  }
  const ask: Agent["ask"] = async (calls, manner = "together") => {
    const inside = enter(node.lab.node, [process.execPath, client, path, manner]);
    return JSON.parse(await output(inside, JSON.stringify(calls))) as Came[];
  };
  return {
    socket: path,
    pid: child.pid,
    ask,
    verb: async (verb, pod, options) => {
      const [came] = await ask([callOf(node, verb, pod, options)], "apart");
      if (came?.state !== "ended") throw new Error(`${verb}: ${JSON.stringify(came)}${log}`);
      const { code, stdout, stderr, isAccepted } = came;
      return { code, stdout, stderr, isAccepted, json: parsed(stdout) };
    },
    page: (at) => node.run("curl", "-sS", "--unix-socket", path, `http://agent${at}`),
    log: () => log,
    exited: child.exited.then(async (code) => {
      await reading;
      return code;
    }),
    kill: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: end,
  };
}

export const socketIn = (node: TestNode): string => join(node.dataDir, "run/agent.sock");

/** What makes a command nobody's. */
export const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;

/** As a node whose operator gave the socket of `socketIn` away: everybody can connect. */
export function openToAll(node: TestNode): void {
  chmodSync(node.dataDir, 0o711);
  chmodSync(join(node.dataDir, "run"), 0o711);
  chmodSync(socketIn(node), 0o666);
}
