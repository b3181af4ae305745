/**
 * Reaches the API server by `kubectl proxy`, on a Unix socket in a folder that is this user's alone: kubectl knows each
 * way of logging in, and whoever asks has the rights that they have in the cluster, and no others.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FairwayError, messageOf } from "../../errors.ts";
import { awaitChild, type CommandResult, startChild } from "../child.ts";
import { kubectlOptions, type Reach } from "./reach.ts";

/** It asks the API server nothing before it is ready, but a way of logging in may ask a person. */
const readyWithinMs = 60_000;

const answerWithinMs = 10_000;

const ready = /^Starting to serve on /m;

const mostWords = 4_000;

/** kubectl needs what the user's shell gave it: HOME, KUBECONFIG, a cloud's own variables. */
const userEnvironment = (): Record<string, string> => {
  const given = Object.entries(process.env).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return { ...Object.fromEntries(given), LC_ALL: "C" };
};

const noKubectl = (error: unknown): FairwayError =>
  new FairwayError(
    "missingTool",
    `kubectl cannot be started: ${messageOf(error)}`,
    "kubectl fairway reaches the cluster by kubectl: install it, and put its folder into PATH",
  );

/** A kubectl that only tells something of this machine. Throws missingTool. */
export async function askKubectl(reach: Reach, words: readonly string[]): Promise<CommandResult> {
  try {
    return await awaitChild(["kubectl", ...words, ...kubectlOptions(reach)], {
      env: userEnvironment(),
      timeoutMs: answerWithinMs,
    });
  } catch (error) {
    throw noKubectl(error);
  }
}

export interface Child {
  /** What it has said so far. */
  said(): string;
  /** With why, where it ends before `pattern` was said. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** When it has ended, whyever. */
  over: Promise<unknown>;
  /** Ends it, and waits until it has ended. */
  end(): Promise<void>;
}

/** Starts a kubectl that goes on until it is ended. */
export function startKubectl(reach: Reach, words: readonly string[]): Child {
  const ending = new AbortController();
  const child = startChild(["kubectl", ...words, ...kubectlOptions(reach)], {
    env: userEnvironment(),
    // It goes on for as long as the command that needs it, and is ended with it.
    timeoutMs: 0,
    signal: ending.signal,
  });
  let text = "";
  const hear = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-mostWords);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  let isOver = false;
  const over = child.then((done) => {
    isOver = true;
    return done;
  });
  const until: Child["until"] = async (pattern) => {
    const deadlineMs = performance.now() + readyWithinMs;
    while (performance.now() < deadlineMs) {
      const found = pattern.exec(text);
      if (found !== null) return found;
      if (isOver) break;
      await Promise.race([over, Bun.sleep(5)]);
    }
    const { cause, exitCode } = isOver ? await over : { cause: null, exitCode: null };
    if (isOver && exitCode === undefined) throw noKubectl(cause);
    const why = isOver ? text.trim() : `it was not ready within ${readyWithinMs} ms`;
    throw new FairwayError(
      "unavailable",
      `kubectl ${words[0]}: ${why === "" ? `it ended with ${exitCode}` : why}`,
      "look at `kubectl config view`; --context and --kubeconfig choose another cluster",
    );
  };
  return {
    said: () => text,
    ...{ until, over },
    end: async () => {
      ending.abort();
      await over;
    },
  };
}

const endings = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

/** A command that ends itself when it is told to listens already; the others leave nothing behind either. */
function whenInterrupted(clean: () => void): () => void {
  if (process.listenerCount("SIGINT") > 0) return () => {};
  const listeners = endings.map(([signal, code]) => {
    const end = (): never => {
      clean();
      return process.exit(code);
    };
    process.once(signal, end);
    return () => process.off(signal, end);
  });
  return () => {
    for (const forget of listeners) forget();
  };
}

/** `use` gets the socket's path. Throws missingTool, unavailable. */
export async function withProxy<T>(reach: Reach, use: (socket: string) => Promise<T>): Promise<T> {
  // Nobody else may enter it, so nobody else can ask in this user's name.
  const folder = mkdtempSync(join(tmpdir(), "kubectl-fairway-"));
  const socket = join(folder, "socket");
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = whenInterrupted(clean);
  try {
    const proxy = startKubectl(reach, ["proxy", `--unix-socket=${socket}`]);
    try {
      await proxy.until(ready);
      return await use(socket);
    } finally {
      await proxy.end();
    }
  } finally {
    forget();
    clean();
  }
}
