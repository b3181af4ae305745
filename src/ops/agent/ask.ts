/** Asks the agent who it is, and never waits longer for it than is said here. */
import { lstatSync, readFileSync } from "node:fs";
import { peerOf } from "../../agent/peers.ts";
import { folderOf } from "../../paths.ts";
import { type AgentAbout, aboutIn, printable } from "./about.ts";

/** Whoever is alive answers at once, unless a verb runs just then. */
const answerWithinMs = 2_000;
/** It answers with less than one. */
const mostBytes = 64 * 1024;

export type AgentSeen =
  /** Nothing lies there. */
  | { state: "absent" }
  /** It is not asked: others may have put it there, or what lies there is no socket. */
  | { state: "strange"; why: string }
  /** Nobody listens: whoever did has died. */
  | { state: "stale" }
  /** `pid` is null where it cannot be told. */
  | { state: "hung"; pid: number | null; withinMs: number }
  /** What came is no agent's answer. */
  | { state: "unreadable"; why: string }
  | { state: "answers"; about: AgentAbout };

export type Came = { pid: number | null } & (
  | { end: "closed"; text: string }
  | { end: "late" }
  | { end: "too large" }
  | { end: "refused"; code: string }
);

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** A verb that runs keeps the agent from answering, and waits for the kernel 5 s at most where it is well. */
export const patientMs = 8_000;

/** What is said of an agent that gave no answer, after its name. */
export const silenceWords = (
  came: Extract<Came, { end: "late" | "refused" }>,
  withinMs: number,
): string =>
  came.end === "late" ? `did not answer within ${withinMs} ms` : `cannot be asked (${came.code})`;

/** What the agent answers to a request for one of its pages, as it came. */
export function askPage(
  path: string,
  page: string,
  withinMs: number,
  method: "GET" | "POST" = "GET",
): Promise<Came> {
  return new Promise((resolve) => {
    let [text, pid]: [string, number | null] = ["", null];
    const timer = setTimeout(() => settle({ end: "late", pid }), withinMs);
    let socket: { terminate(): void } | null = null;
    let isSettled = false;
    const settle = (came: Came): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      socket?.terminate();
      resolve(came);
    };
    const refused = (error: unknown): void => settle({ end: "refused", code: codeOf(error), pid });
    Bun.connect({
      unix: path,
      socket: {
        open(opened) {
          socket = opened;
          if (isSettled) opened.terminate();
          pid = peerOf(opened)?.pid ?? null;
          opened.write(`${method} ${page} HTTP/1.1\r\nHost: agent\r\nContent-Length: 0\r\n\r\n`);
        },
        data(_, chunk) {
          text += chunk.toString("latin1");
          if (text.length > mostBytes) settle({ end: "too large", pid });
        },
        close: () => settle({ end: "closed", text, pid }),
        error: (_, error) => refused(error),
        connectError: (_, error) => refused(error),
      },
    }).catch(refused);
  });
}

/** In words why this is not the place of an agent. null means that it may be one. */
function strangeAt(path: string): string | null {
  const [found, folder] = [lstatSync(path), lstatSync(folderOf(path))];
  const own = process.geteuid?.() ?? 0;
  const isTrusted = (uid: number): boolean => uid === 0 || uid === own;
  if (!found.isSocket()) return "it is no socket";
  if (!isTrusted(found.uid)) return `it belongs to uid ${found.uid}`;
  if (!isTrusted(folder.uid)) return `its folder belongs to uid ${folder.uid}`;
  return (folder.mode & 0o022) === 0 ? null : "others may write to its folder";
}

/** __SO_ACCEPTCON of include/linux/net.h */
const accepts = 0x10000;

/**
 * Whoever takes no connections any more has a full queue of them in the end. The runtime tells that as it
 * tells that nobody listens.
 */
function isListenedOn(path: string): boolean {
  const sockets = readFileSync("/proc/net/unix", "utf8").split("\n");
  return sockets.some((line) => {
    const [, , , flags = "0", , , , bound] = line.split(/\s+/);
    return bound === path && (Number.parseInt(flags, 16) & accepts) !== 0;
  });
}

export async function seeAgent(path: string, withinMs = answerWithinMs): Promise<AgentSeen> {
  try {
    const why = strangeAt(path);
    if (why !== null) return { state: "strange", why };
  } catch (error) {
    return codeOf(error) === "ENOENT"
      ? { state: "absent" }
      : { state: "strange", why: `it cannot be looked at (${codeOf(error)})` };
  }
  const came = await askPage(path, "/version", withinMs);
  switch (came.end) {
    case "late":
      return { state: "hung", pid: came.pid, withinMs };
    case "too large":
      return { state: "unreadable", why: `it has more than ${mostBytes} bytes` };
    case "refused":
      if (came.code === "ENOENT") return { state: "absent" };
      if (came.code !== "ECONNREFUSED") return { state: "unreadable", why: came.code };
      return isListenedOn(path) ? { state: "hung", pid: null, withinMs } : { state: "stale" };
    case "closed": {
      const about = aboutIn(came.text);
      if (about !== null) return { state: "answers", about };
      const why =
        came.text === "" ? "it ended without a byte" : `"${printable(came.text).slice(0, 60)}"`;
      return { state: "unreadable", why };
    }
  }
}
